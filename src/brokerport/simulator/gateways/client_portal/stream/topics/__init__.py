"""The topics of the WebSocket, one file each."""

from __future__ import annotations

from attrs import frozen

from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.stream.topics.account_values import (
    AccountValuesTopic,
    account_ledger,
    account_summary,
)
from brokerport.simulator.gateways.client_portal.stream.topics.history import HistoryTopic
from brokerport.simulator.gateways.client_portal.stream.topics.market_data import MarketDataTopic
from brokerport.simulator.gateways.client_portal.stream.topics.orders import OrdersTopic
from brokerport.simulator.gateways.client_portal.stream.topics.price_ladder import PriceLadderTopic
from brokerport.simulator.gateways.client_portal.stream.topics.profit_and_loss import (
    ProfitAndLossTopic,
)
from brokerport.simulator.gateways.client_portal.stream.topics.session import SessionTopic
from brokerport.simulator.gateways.client_portal.stream.topics.topic import Command, Topic
from brokerport.simulator.gateways.client_portal.stream.topics.trades import TradesTopic
from brokerport.simulator.gateways.turn import EndOfTurn


@frozen
class Topics:
    """All topics of one portal."""

    session: SessionTopic
    market_data: MarketDataTopic
    history: HistoryTopic
    trades: TradesTopic
    orders: OrdersTopic
    profit_and_loss: ProfitAndLossTopic
    summary: AccountValuesTopic
    ledger: AccountValuesTopic
    price_ladder: PriceLadderTopic

    @classmethod
    def build(cls, portal: ServedPortal, end_of_turn: EndOfTurn) -> Topics:
        """Set every topic up around a portal."""
        return cls(
            session=SessionTopic(portal, end_of_turn),
            market_data=MarketDataTopic(portal, end_of_turn),
            history=HistoryTopic(portal, end_of_turn),
            trades=TradesTopic(portal, end_of_turn),
            orders=OrdersTopic(portal, end_of_turn),
            profit_and_loss=ProfitAndLossTopic(portal, end_of_turn),
            summary=account_summary(portal, end_of_turn),
            ledger=account_ledger(portal, end_of_turn),
            price_ladder=PriceLadderTopic(portal, end_of_turn),
        )

    @property
    def all(self) -> tuple[Topic, ...]:
        """Every topic, those of executions before those of orders."""
        return (
            self.session,
            self.market_data,
            self.history,
            self.trades,
            self.orders,
            self.profit_and_loss,
            self.summary,
            self.ledger,
            self.price_ladder,
        )

    def commands(self) -> dict[str, Command]:
        """Return every command of every topic."""
        return {word: command for topic in self.all for word, command in topic.commands().items()}
