"""The wheel for one account: sell cash-secured puts, take what is assigned, sell covered calls."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from brokerport.broker import Broker
from brokerport.cli.paper.policy import WheelPolicy
from brokerport.cli.paper.worker import OrderWorker
from brokerport.domain.contracts import OptionChain
from brokerport.domain.instruments import Option, OptionRight, Stock
from brokerport.domain.ledger import Ledger
from brokerport.domain.order_types import Side
from brokerport.domain.trading_day import exchange_date

LOT = 100


class Wheel:
    """One account's strategy; it proposes orders, the week works them."""

    def __init__(self, broker: Broker, account: str, policy: WheelPolicy, ledger: Ledger) -> None:
        self._broker = broker
        self._account = account
        self._policy = policy
        self._ledger = ledger
        self._budget = ledger.cash.amount / len(policy.symbols)

    async def open_positions(self) -> list[OrderWorker]:
        """Sell a put on each symbol, or buy shares where the policy writes calls on its own."""
        workers = []
        for symbol in self._policy.symbols:
            stock = Stock(symbol)
            worker = (
                await self._buy_shares(stock)
                if self._policy.buys_stock
                else await self._sell_put(stock)
            )
            if worker is not None:
                workers.append(worker)
        return workers

    async def cover(self) -> list[OrderWorker]:
        """Sell a call on every hundred shares held that no call is written on yet."""
        workers = []
        for position in self._ledger.positions():
            stock = position.instrument
            if not isinstance(stock, Stock):
                continue
            written = sum(
                -held.quantity
                for held in self._ledger.positions()
                if isinstance(held.instrument, Option)
                and held.instrument.right is OptionRight.CALL
                and held.instrument.underlying == stock.symbol
            )
            contracts = int(position.quantity // LOT - written)
            if contracts > 0:
                option = await self._choose(stock, OptionRight.CALL)
                if option is not None:
                    workers += await self._start(option, Side.SELL, contracts)
        return workers

    async def buy_back(self) -> list[OrderWorker]:
        """Buy back every short option that has lost most of what it was sold for."""
        workers: list[OrderWorker] = []
        for position in self._ledger.positions():
            option = position.instrument
            if not isinstance(option, Option) or position.quantity >= 0:
                continue
            sold_for = position.average_cost / option.multiplier
            quote = await self._broker.quote(option)
            if quote.ask is not None and quote.ask <= sold_for * self._policy.buy_back_fraction:
                workers += await self._start(option, Side.BUY, int(-position.quantity))
        return workers

    async def _sell_put(self, stock: Stock) -> OrderWorker | None:
        option = await self._choose(stock, OptionRight.PUT)
        if option is None:
            return None
        contracts = int(self._budget // (option.strike * option.multiplier))
        if contracts < 1:
            return None
        return await OrderWorker.start(self._broker, self._account, option, Side.SELL, contracts)

    async def _buy_shares(self, stock: Stock) -> OrderWorker | None:
        ask = (await self._broker.quote(stock)).ask
        if ask is None:
            return None
        shares = int(self._budget // (ask * LOT)) * LOT
        if shares < LOT:
            return None
        return await OrderWorker.start(self._broker, self._account, stock, Side.BUY, shares)

    async def _start(self, option: Option, side: Side, contracts: int) -> list[OrderWorker]:
        worker = await OrderWorker.start(self._broker, self._account, option, side, contracts)
        return [] if worker is None else [worker]

    async def _choose(self, stock: Stock, right: OptionRight) -> Option | None:
        """Return the option of the next expiry whose delta is nearest to the target."""
        chain = await self._broker.option_chain(stock)
        today = exchange_date(await self._broker.broker_time())
        expiry = next((day for day in chain.expiries if day > today), None)
        if expiry is None:
            return None
        return await self._nearest_delta(chain, expiry, right)

    async def _nearest_delta(
        self, chain: OptionChain, expiry: date, right: OptionRight
    ) -> Option | None:
        """Bisect the strikes: the size of a put's delta grows with the strike, a call's falls."""
        seen: dict[Decimal, Option] = {}
        low, high = 0, len(chain.strikes) - 1
        while low <= high:
            middle = (low + high) // 2
            option = Option(
                chain.underlying.symbol, expiry, chain.strikes[middle], right, chain.multiplier
            )
            greeks = (await self._broker.quote(option)).greeks
            if greeks is None:
                return None
            distance = abs(greeks.delta) - self._policy.target_delta
            seen.setdefault(abs(distance), option)
            if (distance < 0) == (right is OptionRight.PUT):
                low = middle + 1
            else:
                high = middle - 1
        return seen[min(seen)] if seen else None
