"""What is listed: the instruments, their contract ids, ticks and option chains.

Rules: a listing is a value built from a universe, reference prices and a date; nothing it answers
depends on what was asked before. Options are not kept but computed: their ids (``option_ids``),
expiries and strikes (``option_series``).

Ticks: stocks trade in cents (SEC rule 612, at 1.00 and above). Options: 0.01 below 3.00 and 0.05
from there on; 0.01 at every price for SPY, QQQ and IWM (the exchanges' Penny Interval Program).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from brokerport.domain.contracts import ContractDetails, OptionChain, PriceIncrement
from brokerport.domain.errors import BadInput, UnknownContract
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE
from brokerport.simulator.exchange import option_ids
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.exchange.option_series import (
    expiries_listed,
    expiry_of_week,
    strikes_around,
)
from brokerport.simulator.exchange.universe import ListedStock

CENT = Decimal("0.01")
PENNY_TICKS = (PriceIncrement(Decimal(0), CENT),)
OPTION_TICKS = (*PENNY_TICKS, PriceIncrement(Decimal(3), Decimal("0.05")))
MULTIPLIER = 100


class Listing:
    """The instruments of a simulated exchange."""

    def __init__(
        self,
        universe: Iterable[ListedStock],
        reference_prices: Mapping[str, Decimal],
        listing_date: date,
        calendar: TradingCalendar,
    ) -> None:
        """List a universe's stocks, and options with strikes around their reference prices.

        Raises:
            BadInput: no stock, a symbol, contract id or option slot given twice, or a stock with
                options but no positive reference price, or one that no strike id has room for.
        """
        self._listing_date = listing_date
        self._calendar = calendar
        self._rows: dict[str, ListedStock] = {}
        self._by_id: dict[int, ListedStock] = {}
        self._by_slot: dict[int, ListedStock] = {}
        self._strikes: dict[str, tuple[Decimal, ...]] = {}
        self._strike_sets: dict[str, frozenset[Decimal]] = {}
        self._expiries: tuple[date, tuple[date, ...]] = (date.min, ())
        for row in universe:
            self._list(row, reference_prices)
        if not self._rows:
            raise BadInput("universe", (), "at least one stock")

    @property
    def stocks(self) -> tuple[Stock, ...]:
        """The stocks listed, in the universe's order."""
        return tuple(row.stock for row in self._rows.values())

    def listed(self, symbol: str) -> ListedStock:
        """Return what is known of the stock with that symbol.

        Raises:
            UnknownContract: no such stock is listed.
        """
        row = self._rows.get(symbol)
        if row is None:
            raise UnknownContract(f"no stock {symbol!r} is listed")
        return row

    def details(self, instrument: Instrument) -> ContractDetails:
        """Return an instrument's contract details; an expired option still has them.

        Raises:
            UnknownContract: no such instrument is or will be listed.
        """
        row = self._row_of(instrument)
        if isinstance(instrument, Stock):
            return ContractDetails(
                instrument,
                row.contract_id,
                row.long_name,
                row.primary_exchange,
                PENNY_TICKS,
                EXCHANGE_TIME_ZONE.key,
            )
        slot = row.option_slot
        if slot is None or not self._is_ever_listed(instrument):
            raise UnknownContract(f"no option {instrument} is listed")
        return ContractDetails(
            instrument,
            option_ids.contract_id(slot, instrument.expiry, instrument.strike, instrument.right),
            row.long_name,
            "",  # IBKR gives an option no primary exchange.
            PENNY_TICKS if row.penny_options else OPTION_TICKS,
            EXCHANGE_TIME_ZONE.key,
        )

    def by_contract_id(self, contract_id: int) -> Instrument:
        """Return the instrument with that contract id.

        Raises:
            UnknownContract: no listed instrument has it.
        """
        row = self._by_id.get(contract_id)
        if row is not None:
            return row.stock
        code = option_ids.read(contract_id)
        row = self._by_slot.get(code.slot)
        if row is not None:
            expiry = expiry_of_week(code.expiry_week, self._calendar)
            option = Option(row.stock.symbol, expiry, code.strike, code.right)
            if self._is_ever_listed(option):
                return option
        raise UnknownContract(f"{contract_id} is the contract id of no listed option")

    def find(self, pattern: str) -> tuple[ContractDetails, ...]:
        """Return the stocks whose symbol begins with, or whose name contains, the pattern.

        Capitals and small letters are the same; an exact symbol comes first.

        Raises:
            BadInput: the pattern is empty.
        """
        wanted = pattern.strip().upper()
        if not wanted:
            raise BadInput("pattern", pattern, "part of a symbol or of a company's name")
        found = [
            row
            for row in self._rows.values()
            if row.stock.symbol.startswith(wanted) or wanted in row.long_name.upper()
        ]
        found.sort(key=lambda row: (row.stock.symbol != wanted, row.stock.symbol))
        return tuple(self.details(row.stock) for row in found)

    def option_chain(self, stock: Stock, on: date) -> OptionChain:
        """Return the expiries and strikes listed over a stock on a date.

        Raises:
            UnknownContract: no such stock is listed, or it has no options.
        """
        symbol = self._row_of(stock).stock.symbol
        if symbol not in self._strikes:
            raise UnknownContract(f"no options are listed over {symbol}")
        return OptionChain(
            underlying=stock,
            trading_class=symbol,
            multiplier=MULTIPLIER,
            expiries=self._expiries_on(on),
            strikes=self._strikes[symbol],
        )

    def options(self, stock: Stock, on: date) -> Iterator[Option]:
        """Yield every option listed over a stock on a date, by expiry, strike and right.

        Raises:
            UnknownContract: no such stock is listed, or it has no options.
        """
        chain = self.option_chain(stock, on)
        return (
            Option(stock.symbol, expiry, strike, right)
            for expiry in chain.expiries
            for strike in chain.strikes
            for right in (OptionRight.CALL, OptionRight.PUT)
        )

    def is_listed(self, instrument: Instrument, on: date) -> bool:
        """Say whether an instrument can be traded on a date (at the exchange)."""
        row = self._rows.get(instrument.symbol)
        if row is None or row.stock.currency != instrument.currency:
            return False
        if isinstance(instrument, Stock):
            return True
        return instrument.expiry in self._expiries_on(on) and self._has_strike(instrument)

    def _list(self, row: ListedStock, reference_prices: Mapping[str, Decimal]) -> None:
        symbol = row.stock.symbol
        if symbol in self._rows:
            raise BadInput("universe.symbol", symbol, "listed once only")
        if row.contract_id in self._by_id:
            raise BadInput("universe.contract_id", row.contract_id, "given once only")
        self._rows[symbol] = row
        self._by_id[row.contract_id] = row
        slot = row.option_slot
        if slot is None:
            return
        if slot in self._by_slot:
            raise BadInput("universe.option_slot", slot, f"given once only ({symbol} has it too)")
        price = reference_prices.get(symbol)
        if price is None or price < 1:
            raise BadInput(f"reference_prices.{symbol}", price, "1.00 or more, for it has options")
        strikes = strikes_around(price)
        try:
            option_ids.contract_id(slot, self._listing_date, strikes[-1], OptionRight.CALL)
        except UnknownContract:
            raise BadInput(
                f"reference_prices.{symbol}", price, "low enough for option ids (below 5700)"
            ) from None
        self._by_slot[slot] = row
        self._strikes[symbol] = strikes
        self._strike_sets[symbol] = frozenset(strikes)

    def _row_of(self, instrument: Instrument) -> ListedStock:
        row = self.listed(instrument.symbol)
        if row.stock.currency != instrument.currency:
            raise UnknownContract(f"{instrument} is not listed in {instrument.currency}")
        return row

    def _has_strike(self, option: Option) -> bool:
        strikes = self._strike_sets.get(option.underlying, frozenset())
        return option.multiplier == MULTIPLIER and option.strike in strikes

    def _is_ever_listed(self, option: Option) -> bool:
        return (
            option.expiry >= self._listing_date
            and self._has_strike(option)
            and self._calendar.first_session.day <= option.expiry
            and option.expiry <= self._calendar.last_session.day
            and option.expiry == expiry_of_week(option.expiry, self._calendar)
        )

    def _expiries_on(self, on: date) -> tuple[date, ...]:
        if self._expiries[0] != on:
            self._expiries = (on, expiries_listed(on, self._calendar))
        return self._expiries[1]
