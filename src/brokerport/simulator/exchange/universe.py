"""The stocks a simulated exchange lists by default, as data.

Contract ids are IBKR's real public ones, so that a program which knows AAPL as 265598 finds it
here. They were confirmed in public code and documents: the samples of IBKR's Web API documentation
(AAPL, IBM, KO, META, INTC, CSCO), test suites and captured gateway answers of open-source IBKR
clients, and published symbol maps. Prices, volatilities and volumes are round figures of late 2025:
where the synthetic market starts, not a claim about any day.

An ``option_slot`` is the stock's place in the numbering of option contracts (``option_ids``); once
given it never changes, so that an option keeps its id.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen, validators

from brokerport.domain.errors import UnknownContract
from brokerport.domain.instruments import Stock


@frozen
class ListedStock:
    """A stock, what IBKR says of it, and what the synthetic market needs to know.

    ``reference_price`` is in US dollars per share, ``annual_volatility`` a yearly fraction,
    ``average_volume`` in shares a session. ``penny_options`` says that its options trade in cents
    at every price. A stock with no ``option_slot`` has no options.
    """

    stock: Stock
    contract_id: int = field(validator=[validators.ge(1), validators.lt(2**30)])
    long_name: str
    primary_exchange: str
    industry: str
    category: str
    subcategory: str
    reference_price: Decimal = field(validator=validators.ge(Decimal(1)))
    annual_volatility: Decimal = field(validator=validators.gt(Decimal(0)))
    average_volume: int = field(validator=validators.ge(1))
    option_slot: int | None = field(
        validator=validators.optional([validators.ge(0), validators.lt(64)])
    )
    stock_type: str = "COMMON"
    penny_options: bool = False

    @property
    def trading_class(self) -> str:
        """IBKR's trading class: NMS for a stock listed on NASDAQ, else its symbol."""
        return "NMS" if self.primary_exchange == "NASDAQ" else self.stock.symbol


def _common(
    slot: int,
    symbol: str,
    contract_id: int,
    long_name: str,
    exchange: str,
    sector: tuple[str, str, str],
    price: str,
    volatility: str,
    volume: int,
) -> ListedStock:
    return ListedStock(
        Stock(symbol),
        contract_id,
        long_name,
        exchange,
        *sector,
        Decimal(price),
        Decimal(volatility),
        volume,
        slot,
    )


def _fund(
    slot: int,
    symbol: str,
    contract_id: int,
    long_name: str,
    exchange: str,
    price: str,
    volatility: str,
    volume: int,
    *,
    penny_options: bool = False,
) -> ListedStock:
    return ListedStock(
        Stock(symbol),
        contract_id,
        long_name,
        exchange,
        *("", "", ""),
        Decimal(price),
        Decimal(volatility),
        volume,
        slot,
        stock_type="ETF",
        penny_options=penny_options,
    )


_COMPUTERS = ("Technology", "Computers", "Computers")
_SOFTWARE = ("Technology", "Software", "Applications Software")
_CHIPS = ("Technology", "Semiconductors", "Electronic Compo-Semicon")
_NETWORKING = ("Communications", "Telecommunications", "Networking Products")
_RETAIL_INTERNET = ("Communications", "Internet", "E-Commerce/Products")
_CONTENT = ("Communications", "Internet", "Internet Content-Entmnt")
_PORTALS = ("Communications", "Internet", "Web Portals/ISP")
_CARS = ("Consumer, Cyclical", "Auto Manufacturers", "Auto-Cars/Light Trucks")
_BANKS = ("Financial", "Banks", "Diversified Banking Inst")
_DRINKS = ("Consumer, Non-cyclical", "Beverages", "Beverages-Non-alcoholic")
_MEDIA = ("Communications", "Media", "Multimedia")
_OIL = ("Energy", "Oil&Gas", "Oil Comp-Integrated")
_DISCOUNT = ("Consumer, Cyclical", "Retail", "Retail-Discount")
_AEROSPACE = ("Industrial", "Aerospace/Defense", "Aerospace/Defense")
_SHOES = ("Consumer, Cyclical", "Apparel", "Athletic Footwear")
_PAYMENTS = ("Consumer, Non-cyclical", "Commercial Services", "Commercial Serv-Finance")
_GAMES = ("Consumer, Cyclical", "Retail", "Retail-Computer Equip")
_CRYPTO = ("Financial", "Diversified Finan Serv", "Finance-Other Services")

DEFAULT_UNIVERSE: tuple[ListedStock, ...] = (
    _common(0, "AAPL", 265598, "APPLE INC", "NASDAQ", _COMPUTERS, "270.00", "0.26", 50_000_000),
    _common(1, "MSFT", 272093, "MICROSOFT CORP", "NASDAQ", _SOFTWARE, "485.00", "0.23", 22_000_000),
    _common(
        2,
        "AMZN",
        3691937,
        "AMAZON.COM INC",
        "NASDAQ",
        _RETAIL_INTERNET,
        "230.00",
        "0.31",
        42_000_000,
    ),
    _common(
        3, "GOOGL", 208813719, "ALPHABET INC-CL A", "NASDAQ", _PORTALS, "310.00", "0.29", 35_000_000
    ),
    _common(
        4,
        "META",
        107113386,
        "META PLATFORMS INC-CLASS A",
        "NASDAQ",
        _CONTENT,
        "660.00",
        "0.35",
        15_000_000,
    ),
    _common(5, "NVDA", 4815747, "NVIDIA CORP", "NASDAQ", _CHIPS, "185.00", "0.42", 180_000_000),
    _common(6, "TSLA", 76792991, "TESLA INC", "NASDAQ", _CARS, "450.00", "0.55", 80_000_000),
    _common(7, "NFLX", 15124833, "NETFLIX INC", "NASDAQ", _CONTENT, "94.00", "0.34", 35_000_000),
    _common(
        8,
        "IBM",
        8314,
        "INTL BUSINESS MACHINES CORP",
        "NYSE",
        _COMPUTERS,
        "300.00",
        "0.27",
        4_000_000,
    ),
    _fund(
        9,
        "SPY",
        756733,
        "SS SPDR S&P 500 ETF TRUST-US",
        "ARCA",
        "685.00",
        "0.15",
        70_000_000,
        penny_options=True,
    ),
    _fund(
        10,
        "QQQ",
        320227571,
        "INVESCO QQQ TRUST SERIES 1",
        "NASDAQ",
        "620.00",
        "0.20",
        50_000_000,
        penny_options=True,
    ),
    _fund(
        11,
        "IWM",
        9579970,
        "ISHARES RUSSELL 2000 ETF",
        "ARCA",
        "248.00",
        "0.22",
        35_000_000,
        penny_options=True,
    ),
    _fund(
        12, "TLT", 15547841, "ISHARES 20+ YEAR TREASURY BD", "NASDAQ", "87.50", "0.13", 32_000_000
    ),
    _fund(13, "GLD", 51529211, "SPDR GOLD SHARES", "ARCA", "398.00", "0.20", 11_000_000),
    _fund(14, "SLV", 39039301, "ISHARES SILVER TRUST", "ARCA", "65.00", "0.40", 30_000_000),
    _fund(15, "DIA", 73128548, "SPDR DJIA TRUST", "ARCA", "482.00", "0.14", 4_000_000),
    _common(
        16, "AMD", 4391, "ADVANCED MICRO DEVICES", "NASDAQ", _CHIPS, "215.00", "0.52", 40_000_000
    ),
    _common(17, "INTC", 270639, "INTEL CORP", "NASDAQ", _CHIPS, "37.00", "0.50", 90_000_000),
    _common(18, "JPM", 1520593, "JPMORGAN CHASE & CO", "NYSE", _BANKS, "322.00", "0.22", 9_000_000),
    _common(19, "KO", 8894, "COCA-COLA CO/THE", "NYSE", _DRINKS, "70.00", "0.15", 15_000_000),
    _common(20, "DIS", 6459, "WALT DISNEY CO/THE", "NYSE", _MEDIA, "113.00", "0.26", 9_000_000),
    _common(21, "BAC", 10098, "BANK OF AMERICA CORP", "NYSE", _BANKS, "55.00", "0.24", 35_000_000),
    _common(22, "XOM", 13977, "EXXON MOBIL CORP", "NYSE", _OIL, "120.00", "0.22", 16_000_000),
    _common(23, "WMT", 13824, "WALMART INC", "NASDAQ", _DISCOUNT, "112.00", "0.21", 18_000_000),
    _common(24, "F", 9599491, "FORD MOTOR CO", "NYSE", _CARS, "13.20", "0.32", 55_000_000),
    _common(
        25,
        "PLTR",
        444857009,
        "PALANTIR TECHNOLOGIES INC-A",
        "NASDAQ",
        _SOFTWARE,
        "178.00",
        "0.58",
        45_000_000,
    ),
    _common(26, "BA", 4762, "BOEING CO/THE", "NYSE", _AEROSPACE, "217.00", "0.33", 7_000_000),
    _common(
        27, "CSCO", 268084, "CISCO SYSTEMS INC", "NASDAQ", _NETWORKING, "77.00", "0.22", 18_000_000
    ),
    _common(28, "CRM", 29624264, "SALESFORCE INC", "NYSE", _SOFTWARE, "265.00", "0.34", 7_000_000),
    _common(29, "NKE", 10291, "NIKE INC -CL B", "NYSE", _SHOES, "63.00", "0.36", 16_000_000),
    _common(
        30,
        "PYPL",
        199169591,
        "PAYPAL HOLDINGS INC",
        "NASDAQ",
        _PAYMENTS,
        "58.50",
        "0.38",
        15_000_000,
    ),
    _common(
        31, "GME", 36285627, "GAMESTOP CORP-CLASS A", "NYSE", _GAMES, "20.50", "0.60", 7_000_000
    ),
    _common(
        32, "GOOG", 208813720, "ALPHABET INC-CL C", "NASDAQ", _PORTALS, "311.00", "0.29", 22_000_000
    ),
    _common(
        33,
        "COIN",
        481691285,
        "COINBASE GLOBAL INC -CLASS A",
        "NASDAQ",
        _CRYPTO,
        "235.00",
        "0.68",
        9_000_000,
    ),
)


def listed_stock(symbol: str) -> ListedStock:
    """Return the default universe's row for a symbol.

    Raises:
        UnknownContract: the default universe does not have it.
    """
    for row in DEFAULT_UNIVERSE:
        if row.stock.symbol == symbol:
            return row
    raise UnknownContract(f"the default universe lists no stock {symbol!r}")
