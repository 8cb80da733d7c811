"""Instruments as contracts on the wire.

Rules (TWS API, "Contracts"): an option's local symbol is its OSI symbol and its trading class its
underlying's symbol; a stock's local symbol is its symbol. A position's contract names no exchange,
an order's names the one it was sent to.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from brokerport.domain.contracts import ContractDetails
from brokerport.domain.instruments import Instrument, Option
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.exchange.universe import ListedStock
from brokerport.simulator.gateways.exchanges import exchanges_of
from brokerport.simulator.wire.tws.messages.contracts import WireContractDetails
from brokerport.simulator.wire.tws.messages.values import WireContract

ORDER_TYPES = "DAY,GTC,IOC,LMT,MKT,STP,STPLMT,WHATIF"
"""What the simulated exchange takes, in the form of contractDetails' orderTypes."""

_STOCK_TICKS_RULE = 26
_RULES: dict[tuple[tuple[Decimal, Decimal], ...], int] = {
    ((Decimal(0), Decimal("0.01")),): _STOCK_TICKS_RULE,
    ((Decimal(0), Decimal("0.01")), (Decimal(3), Decimal("0.05"))): 32,
}


def market_rules() -> dict[int, tuple[tuple[Decimal, Decimal], ...]]:
    """Return the market rules by their number: pairs of lower edge and price step."""
    return {number: steps for steps, number in _RULES.items()}


def market_rule_of(details: ContractDetails) -> int:
    """Return the number of the market rule that holds an instrument's price steps."""
    steps = tuple((step.low_edge, step.increment) for step in details.price_increments)
    return _RULES[steps]


class ContractBook:
    """The listing's instruments as wire contracts; each is put together once."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._contracts: dict[tuple[Instrument, str], WireContract] = {}

    def contract(self, instrument: Instrument, exchange: str = "") -> WireContract:
        """Return an instrument's contract.

        Raises:
            UnknownContract: the instrument is not listed.
        """
        key = (instrument, exchange)
        contract = self._contracts.get(key)
        if contract is None:
            contract = _contract(
                self._listing.details(instrument),
                self._listing.listed(instrument.symbol),
                exchange,
            )
            self._contracts[key] = contract
        return contract

    def instrument(self, con_id: int) -> Instrument:
        """Return the instrument of a contract; raises UnknownContract if none is listed."""
        return self._listing.by_contract_id(con_id)

    def details(self, instrument: Instrument, exchange: str, hours: str) -> WireContractDetails:
        """Return what contractDetails tells of an instrument; ``hours`` is IBKR's text.

        Raises:
            UnknownContract: the instrument is not listed.
        """
        details = self._listing.details(instrument)
        stock = self._listing.listed(instrument.symbol)
        exchanges = exchanges_of(instrument)
        rule = market_rule_of(details)
        common = WireContractDetails(
            contract=self.contract(instrument, exchange),
            market_name=instrument.symbol
            if isinstance(instrument, Option)
            else stock.trading_class,
            min_tick=details.price_increments[0].increment,
            order_types=ORDER_TYPES,
            valid_exchanges=",".join(exchanges),
            long_name=stock.long_name,
            industry=stock.industry,
            category=stock.category,
            subcategory=stock.subcategory,
            time_zone_id="US/Eastern",
            trading_hours=hours,
            liquid_hours=hours,
            agg_group=1,
            market_rule_ids=",".join([str(rule)] * len(exchanges)),
            min_size=Decimal(1),
            size_increment=Decimal(1),
            suggested_size_increment=Decimal(1 if isinstance(instrument, Option) else 100),
        )
        if isinstance(instrument, Option):
            return _of_option(common, instrument, stock)
        return _of_stock(common, stock)


def _contract(details: ContractDetails, stock: ListedStock, exchange: str) -> WireContract:
    instrument = details.instrument
    if isinstance(instrument, Option):
        return WireContract(
            con_id=details.contract_id,
            symbol=instrument.underlying,
            sec_type="OPT",
            last_trade_date_or_contract_month=f"{instrument.expiry:%Y%m%d}",
            strike=instrument.strike,
            right=instrument.right.value,
            multiplier=str(instrument.multiplier),
            exchange=exchange,
            currency=instrument.currency,
            local_symbol=instrument.osi_symbol,
            trading_class=instrument.underlying,
        )
    return WireContract(
        con_id=details.contract_id,
        symbol=instrument.symbol,
        sec_type="STK",
        exchange=exchange,
        primary_exchange=details.primary_exchange,
        currency=instrument.currency,
        local_symbol=instrument.symbol,
        trading_class=stock.trading_class,
    )


def _of_option(
    common: WireContractDetails, option: Option, stock: ListedStock
) -> WireContractDetails:
    return evolve(
        common,
        under_con_id=stock.contract_id,
        contract_month=f"{option.expiry:%Y%m}",
        under_symbol=option.underlying,
        under_sec_type="STK",
        real_expiration_date=f"{option.expiry:%Y%m%d}",
        last_trade_time="16:00:00",
    )


def _of_stock(common: WireContractDetails, stock: ListedStock) -> WireContractDetails:
    return evolve(common, stock_type=stock.stock_type)
