"""What every session of a gateway shares: the world, its order ids and the feeds."""

from __future__ import annotations

import asyncio
from datetime import date, datetime

from attrs import frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.brokerage.brokerage import Brokerage
from brokerport.simulator.gateways.bars import BarSource
from brokerport.simulator.gateways.fault_log import FaultLog
from brokerport.simulator.gateways.turn import EndOfTurn
from brokerport.simulator.gateways.tws.feeds.account_feed import AccountFeed
from brokerport.simulator.gateways.tws.feeds.bar_feed import BarFeed
from brokerport.simulator.gateways.tws.feeds.market_data_feed import MarketDataFeed
from brokerport.simulator.gateways.tws.feeds.order_feed import OrderFeed
from brokerport.simulator.gateways.tws.feeds.position_feed import PositionFeed
from brokerport.simulator.gateways.tws.feeds.profit_and_loss_feed import ProfitAndLossFeed
from brokerport.simulator.gateways.tws.feeds.tick_by_tick_feed import TickByTickFeed
from brokerport.simulator.gateways.tws.order_ids import OrderIds
from brokerport.simulator.gateways.tws.quotes import QuoteViews
from brokerport.simulator.gateways.tws.registry import SessionRegistry
from brokerport.simulator.gateways.tws.session import Session
from brokerport.simulator.gateways.tws.settings import GatewaySettings
from brokerport.simulator.gateways.tws.translate.contracts import ContractBook
from brokerport.simulator.world import World


@frozen
class ServedWorld:
    """The world behind the gateway, and what its sessions have subscribed to."""

    world: World
    settings: GatewaySettings
    end_of_turn: EndOfTurn
    sessions: SessionRegistry
    order_ids: OrderIds
    contracts: ContractBook
    bar_source: BarSource
    orders: OrderFeed
    accounts: AccountFeed
    positions: PositionFeed
    profit_and_loss: ProfitAndLossFeed
    market_data: MarketDataFeed
    tick_by_tick: TickByTickFeed
    bars: BarFeed

    @classmethod
    def build(
        cls,
        world: World,
        settings: GatewaySettings,
        loop: asyncio.AbstractEventLoop,
        faults: FaultLog,
    ) -> ServedWorld:
        """Put the parts together around a world."""
        now = world.clock.now
        end_of_turn = EndOfTurn(loop, faults)
        sessions = SessionRegistry()
        order_ids = OrderIds(settings.first_order_id)
        contracts = ContractBook(world.listing)
        bar_source = BarSource(world.market, world.calendar)
        views = QuoteViews(world.market, world.calendar, settings.delayed_by_seconds)
        return cls(
            world=world,
            settings=settings,
            end_of_turn=end_of_turn,
            sessions=sessions,
            order_ids=order_ids,
            contracts=contracts,
            bar_source=bar_source,
            orders=OrderFeed(sessions, order_ids, contracts, settings.master_client_id),
            accounts=AccountFeed(
                world.brokerage, contracts, now, end_of_turn, settings.account_update_seconds
            ),
            positions=PositionFeed(world.brokerage, contracts),
            profit_and_loss=ProfitAndLossFeed(world, now, end_of_turn),
            market_data=MarketDataFeed(views, now, end_of_turn),
            tick_by_tick=TickByTickFeed(world.market, now),
            bars=BarFeed(bar_source, now, end_of_turn),
        )

    @property
    def brokerage(self) -> Brokerage:
        """The broker."""
        return self.world.brokerage

    @property
    def now(self) -> datetime:
        """The world's time, UTC."""
        return self.world.clock.now()

    @property
    def today(self) -> date:
        """The world's date in New York."""
        return exchange_date(self.now)

    @property
    def first_data_at(self) -> datetime:
        """From when on there are prices: a replay's first day, else the calendar's."""
        first_day = getattr(self.world.market, "first_day", None)
        session = None
        if isinstance(first_day, date):
            session = self.world.calendar.session_on(first_day)
        return (session or self.world.calendar.first_session).opens_at

    def account(self, account_id: str) -> BrokerAccount | None:
        """Return the managed account of that id, or None."""
        return next((a for a in self.brokerage.accounts if a.account_id == account_id), None)

    def forget(self, session: Session) -> None:
        """End everything that a client had subscribed to."""
        self.sessions.remove(session)
        for feed in (
            self.accounts,
            self.positions,
            self.profit_and_loss,
            self.market_data,
            self.tick_by_tick,
            self.bars,
        ):
            feed.forget(session)
