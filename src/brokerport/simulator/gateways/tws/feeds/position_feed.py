"""Positions, told when they change (requests 61 and 74)."""

from __future__ import annotations

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.positions import Position as HeldPosition
from brokerport.simulator.brokerage.brokerage import Brokerage
from brokerport.simulator.gateways.tws.session import Session
from brokerport.simulator.gateways.tws.translate.contracts import ContractBook
from brokerport.simulator.wire.tws.messages.account import (
    Position,
    PositionEnd,
    PositionMulti,
    PositionMultiEnd,
)


class PositionFeed:
    """The subscriptions to positions."""

    def __init__(self, brokerage: Brokerage, contracts: ContractBook) -> None:
        self._brokerage = brokerage
        self._contracts = contracts
        self._all: dict[Session, None] = {}
        self._multi: dict[tuple[Session, int], BrokerAccount] = {}

    def subscribe_all(self, session: Session) -> None:
        """Begin the positions of all accounts."""
        self._all[session] = None
        for account in self._brokerage.accounts:
            for held in self._brokerage.positions(account):
                session.send(self._position(account, held))
        session.send(PositionEnd())

    def unsubscribe_all(self, session: Session) -> None:
        """End the positions of all accounts."""
        self._all.pop(session, None)

    def subscribe_multi(self, session: Session, request_id: int, account: BrokerAccount) -> None:
        """Begin the positions of one account."""
        self._multi[session, request_id] = account
        for held in self._brokerage.positions(account):
            session.send(self._position_multi(request_id, account, held))
        session.send(PositionMultiEnd(request_id))

    def unsubscribe_multi(self, session: Session, request_id: int) -> bool:
        """End the positions of one account; False when there was no such subscription."""
        return self._multi.pop((session, request_id), None) is not None

    def forget(self, session: Session) -> None:
        """End every subscription of a client."""
        self.unsubscribe_all(session)
        for key in [key for key in self._multi if key[0] is session]:
            del self._multi[key]

    def on_change(self, account: BrokerAccount, held: HeldPosition) -> None:
        """Tell the subscribers of a position's new state; a closed one has quantity zero."""
        if self._all:
            message = self._position(account, held)
            for session in tuple(self._all):
                session.send(message)
        for (session, request_id), wanted in tuple(self._multi.items()):
            if wanted == account:
                session.send(self._position_multi(request_id, account, held))

    def _position(self, account: BrokerAccount, held: HeldPosition) -> Position:
        return Position(
            account.account_id,
            self._contracts.contract(held.instrument),
            held.quantity,
            held.average_cost,
        )

    def _position_multi(
        self, request_id: int, account: BrokerAccount, held: HeldPosition
    ) -> PositionMulti:
        return PositionMulti(
            request_id,
            account.account_id,
            self._contracts.contract(held.instrument),
            held.quantity,
            held.average_cost,
        )
