"""The Client Portal adapter keeps the contract of a broker adapter, over HTTP and WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokerport.adapters.client_portal.adapter import ClientPortalAdapter
from brokerport.config import ClientPortalSettings
from brokerport.domain.errors import (
    BrokerportError,
    InvalidOrder,
    NotConnected,
    OrderInDoubt,
    SessionRefused,
)
from brokerport.domain.order_types import Limit, Market, Side
from brokerport.domain.reports import (
    Acknowledged,
    Cancelled,
    Rejected,
    Replaced,
    ReplaceRefused,
)
from brokerport.ports.adapter import BrokerAdapter
from brokerport.ports.orders import BookedExecution, OrderTicket
from brokerport.ports.session import ConnectionLost, NoticeReported
from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.questions import DEFAULT_QUESTIONS
from brokerport.simulator.gateways.client_portal.server import ClientPortalGateway
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from tests.contract.broker_adapter_contract import BrokerAdapterContract
from tests.contract.harness import AAPL, GEN, MSFT, PUT, REV, TICK, AdapterHarness
from tests.contract.http_relay import HttpRelay, Loss
from tests.contract.session_contract import SessionContract

EVERY_QUESTION = tuple(question.message_id for question in DEFAULT_QUESTIONS)
ORDER_POST = f"POST /v1/api/iserver/account/{GEN}/orders "
REPLY_POST = "POST /v1/api/iserver/reply/"


class PacingSeconds:
    """Seconds that pass only while somebody waits for them: pacing takes no time of the test's."""

    def __init__(self) -> None:
        self._seconds = 1_000.0

    def monotonic(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        self._seconds += seconds
        await asyncio.sleep(0)


class ClientPortalHarness(AdapterHarness):
    """An adapter that speaks to the world's Client Portal gateway on a loopback port.

    The gateway asks IBKR's usual questions and enforces IBKR's pacing, by the same seconds by which
    the adapter keeps it; a test in which it was exceeded even once fails.
    """

    tells_realised_profit = False
    tells_model_prices = False

    def __init__(self, *, certificates: Path | None = None, **changes: object) -> None:
        super().__init__()
        self.time = PacingSeconds()
        self.changes = changes
        self.gateway = ClientPortalGateway(
            self.world,
            settings=PortalSettings(
                is_plain_http=certificates is None, data_directory=certificates
            ),
            monotonic=self.time.monotonic,
        )

    async def start(self) -> None:
        """Serve the world on a free port, behind a relay that can lose what passes."""
        await self.gateway.start()
        self.relay = HttpRelay(self.gateway.port)
        await self.relay.start()

    async def stop(self) -> None:
        """Serve it no more, and look at what was counted."""
        await self.relay.stop()
        await self.gateway.close()
        assert self.gateway.violations == 0, dict(self.gateway.portal.pacing.violations)
        assert self.gateway.faults.count == 0, "the gateway made a mistake"

    def new_adapter(self) -> BrokerAdapter:
        """A further adapter of the gateway's user."""
        return self.adapter_with(**self.changes)

    def adapter_with(self, **changes: Any) -> ClientPortalAdapter:
        """An adapter with some settings of its own."""
        scheme = "http" if self.gateway.settings.is_plain_http else "https"
        settings = {
            "base_url": f"{scheme}://localhost:{self.relay.port}/v1/api",
            "certificate": self.gateway.certificate_path,
            "answered_questions": EVERY_QUESTION,
            "request_timeout_seconds": 5.0,
            **changes,
        }
        return ClientPortalAdapter(
            ClientPortalSettings(**settings), self.world.clock, pacing_time=self.time
        )

    @property
    def login(self) -> Login:
        """The gateway's own login."""
        login = self.gateway.portal.gateway_login
        assert login is not None, "nobody is logged in"
        return login

    def order_numbers(self) -> list[int]:
        """Return the numbers of all orders the broker ever took, refused ones too."""
        return [order.perm_id for order in self.world.brokerage.orders()]

    def limit_bid(self, quantity: int = 10, price: str = "249.00") -> OrderTicket:
        """Write a limit order to buy, on which nothing is asked."""
        return self.ticket(Side.BUY, quantity, Limit(price))


@pytest.fixture
def harness() -> Iterator[ClientPortalHarness]:
    """A connected adapter in a world of its own."""
    with ClientPortalHarness() as harness:
        yield harness


class TestClientPortalAdapter(BrokerAdapterContract):
    """The contract over the wire."""

    @pytest.fixture
    def harness(self) -> Iterator[ClientPortalHarness]:
        """A connected adapter in a world of its own."""
        with ClientPortalHarness() as harness:
            yield harness


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the gateway keeps its certificate, once for all tests."""
    return tmp_path_factory.mktemp("certificates")


class TestClientPortalAdapterOverTls(SessionContract):
    """Sessions through TLS, with the gateway's own certificate pinned."""

    @pytest.fixture
    def harness(self, certificates: Path) -> Iterator[ClientPortalHarness]:
        """A connected adapter that trusts the gateway's certificate alone."""
        with ClientPortalHarness(certificates=certificates) as harness:
            yield harness

    def test_another_certificate_is_not_trusted(
        self, harness: ClientPortalHarness, tmp_path: Path
    ) -> None:
        """Neither one of the same name, nor any authority's: nothing is sent."""

        async def other() -> Path | None:
            settings = PortalSettings(data_directory=tmp_path)
            async with ClientPortalGateway(harness.world, settings=settings) as gateway:
                return gateway.certificate_path

        for certificate in (harness.run(other()), None):
            adapter = harness.adapter_with(certificate=certificate)
            with pytest.raises(NotConnected, match="certificate"):
                harness.run(adapter.session.connect(lambda _event: None))


class TestLostAnswers:
    """An order whose answer was lost is found, and is never sent twice."""

    def lose(self, harness: ClientPortalHarness, ticket: OrderTicket, loss: Loss) -> None:
        """Place an order and lose its request or the answer to it; the stream is late with it."""
        harness.run(harness.adapter.contracts.details(AAPL))
        harness.relay.losses.append((ORDER_POST, loss))
        harness.relay.stream_flows.clear()
        with pytest.raises(OrderInDoubt, match=ticket.client_order_id):
            harness.run(harness.adapter.orders.place(ticket))
        assert harness.relay.losses == []

    def hear_late(self, harness: ClientPortalHarness) -> None:
        """Let the stream speak again, and hear what it had to say."""
        harness.relay.stream_flows.set()
        harness.settle()

    def test_the_stream_tells_what_the_answer_would_have(
        self, harness: ClientPortalHarness
    ) -> None:
        """Then there is no doubt."""
        harness.relay.losses.append((ORDER_POST, Loss.ANSWER))
        order = harness.place(harness.limit_bid())
        acknowledged = harness.only_report(order, Acknowledged)
        assert harness.relay.losses == []
        assert harness.order_numbers() == [acknowledged.perm_id]

    def test_a_working_order_is_found_by_its_reference(self, harness: ClientPortalHarness) -> None:
        """It is acknowledged once, works once, and can be cancelled."""
        ticket = harness.limit_bid()
        self.lose(harness, ticket, Loss.ANSWER)
        order = ticket.client_order_id
        harness.wait_until(lambda: harness.reports(order))
        self.hear_late(harness)
        acknowledged = harness.only_report(order, Acknowledged)
        assert harness.order_numbers() == [acknowledged.perm_id]
        assert harness.only_open_order(GEN).order_reference == order
        with pytest.raises(InvalidOrder, match="client_order_id"):
            harness.run(harness.adapter.orders.place(ticket))
        harness.cancel(order)
        assert harness.only_report(order, Cancelled).reason == ""
        assert len([one for one in harness.relay.requests if one.startswith(ORDER_POST)]) == 1

    def test_a_filled_order_is_found_by_its_executions(self, harness: ClientPortalHarness) -> None:
        """Its fill and commission are told once."""
        ticket = harness.ticket(Side.BUY, 10, Market())
        self.lose(harness, ticket, Loss.ANSWER)
        harness.world.advance(TICK)
        order = ticket.client_order_id
        harness.wait_until(lambda: harness.reports(order) and harness.fills(order))
        self.hear_late(harness)
        (fill,) = harness.fills(order)
        assert (fill.quantity, fill.price) == (Decimal(10), Decimal("250.05"))
        harness.only_report(order, Acknowledged)
        assert len(harness.order_numbers()) == 1
        (booked,) = harness.run(harness.adapter.orders.executions(GEN))
        assert booked.execution == fill

    def test_a_refused_order_is_found_refused(self, harness: ClientPortalHarness) -> None:
        """It works nowhere."""
        ticket = harness.limit_bid(10_000, "250.00")
        self.lose(harness, ticket, Loss.ANSWER)
        order = ticket.client_order_id
        harness.wait_until(lambda: harness.reports(order))
        self.hear_late(harness)
        assert "MARGIN" in harness.only_report(order, Rejected).reason.upper()
        assert harness.run(harness.adapter.orders.open_orders(GEN)) == ()

    def test_an_order_that_never_arrived_is_not_sent_again(
        self, harness: ClientPortalHarness
    ) -> None:
        """Nobody knows that it did not; it is looked for, and told of."""
        ticket = harness.limit_bid()
        self.lose(harness, ticket, Loss.REQUEST)
        harness.wait_until(lambda: harness.events(NoticeReported))
        self.hear_late(harness)
        (notice,) = harness.events(NoticeReported)
        assert ticket.client_order_id in notice.message
        assert harness.reports(ticket.client_order_id) == []
        assert harness.order_numbers() == []

    def test_a_lost_reply_is_doubt_too(self, harness: ClientPortalHarness) -> None:
        """The answer to the last question is the answer to the order."""
        harness.login.suppressed.clear()
        harness.run(harness.adapter.contracts.details(AAPL))
        harness.relay.losses.append((REPLY_POST, Loss.ANSWER))
        harness.relay.stream_flows.clear()
        ticket = harness.ticket(Side.BUY, 10, Market())
        with pytest.raises(OrderInDoubt):
            harness.run(harness.adapter.orders.place(ticket))
        order = ticket.client_order_id
        harness.wait_until(lambda: harness.reports(order))
        self.hear_late(harness)
        acknowledged = harness.only_report(order, Acknowledged)
        assert harness.order_numbers() == [acknowledged.perm_id]

    def test_a_lost_answer_to_new_terms_is_found(self, harness: ClientPortalHarness) -> None:
        """The order shows them."""
        order = harness.bid(10, "249.00")
        harness.relay.losses.append((f"POST /v1/api/iserver/account/{GEN}/order/", Loss.ANSWER))
        harness.relay.stream_flows.clear()
        with pytest.raises(OrderInDoubt, match="replace"):
            harness.run(harness.adapter.orders.replace(order, Decimal(20), Limit("249.50")))
        harness.wait_until(lambda: len(harness.reports(order)) > 1)
        self.hear_late(harness)
        replaced = harness.only_report(order, Replaced)
        assert (replaced.quantity, replaced.order_type) == (Decimal(20), Limit("249.50"))
        assert len(harness.order_numbers()) == 1


class TestQuestions:
    """What IBKR asks before it takes an order."""

    @pytest.fixture
    def harness(self) -> Iterator[ClientPortalHarness]:
        """An adapter that may say yes to market orders alone."""
        with ClientPortalHarness(answered_questions=("o10151",)) as harness:
            yield harness

    def test_a_question_on_the_list_is_answered(self, harness: ClientPortalHarness) -> None:
        """IBKR asks, and the order trades."""
        harness.login.suppressed.clear()
        order = harness.buy(10)
        assert any(line.startswith(REPLY_POST) for line in harness.relay.requests)
        assert len(harness.fills(order)) == 1
        assert len(harness.order_numbers()) == 1

    def test_any_other_question_refuses_the_order(self, harness: ClientPortalHarness) -> None:
        """With its text, and nothing is placed."""
        order = harness.bid(600, "100.00")
        rejected = harness.only_report(order, Rejected)
        assert harness.reports(order) == [rejected]
        assert rejected.question is not None
        assert rejected.question in rejected.reason
        assert "o163" in rejected.reason
        harness.pass_time()
        assert harness.order_numbers() == []

    def test_a_yes_to_one_question_is_none_to_the_next(self, harness: ClientPortalHarness) -> None:
        """A large market order is asked of both."""
        order = harness.place(harness.ticket(Side.BUY, 501, Market()))
        assert "o383" in harness.only_report(order, Rejected).reason
        harness.pass_time()
        assert harness.order_numbers() == []

    def test_new_terms_are_asked_about_too(self, harness: ClientPortalHarness) -> None:
        """The order keeps its old ones."""
        order = harness.bid(10, "249.00")
        harness.replace(order, 10, Limit("100.00"))
        assert harness.only_report(order, ReplaceRefused).question is not None
        assert harness.only_open_order(GEN).order_type == Limit("249.00")

    def test_a_chain_of_questions_is_answered_one_by_one(self) -> None:
        """Far from the market, many shares, much money: three questions, one order."""
        with ClientPortalHarness() as harness:
            harness.login.suppressed.clear()
            order = harness.bid(1200, "100.00")
            replies = [one for one in harness.relay.requests if one.startswith(REPLY_POST)]
            assert len(replies) == len(set(replies)) == 3
            acknowledged = harness.only_report(order, Acknowledged)
            assert harness.order_numbers() == [acknowledged.perm_id]

    def test_orders_at_once_do_not_spoil_each_others_questions(self) -> None:
        """Any request between a question and its reply makes IBKR forget it."""
        with ClientPortalHarness() as harness:
            harness.login.suppressed.clear()
            tickets = [harness.ticket(Side.BUY, 1, Limit("100")) for _ in range(10)]
            orders, data = harness.adapter.orders, harness.adapter.account_data
            work: list[Coroutine[Any, Any, object]] = [orders.place(one) for one in tickets]
            work += [data.positions(GEN) for _ in range(20)]
            harness.run(_all(work))
            harness.settle()
            for ticket in tickets:
                harness.only_report(ticket.client_order_id, Acknowledged)
            assert len(harness.order_numbers()) == 10

    def test_a_stale_reply_places_nothing(self, harness: ClientPortalHarness) -> None:
        """Another program's request came between: IBKR knows the question no more."""
        harness.login.suppressed.clear()

        def forget(line: str) -> None:
            if line.startswith(REPLY_POST):
                harness.login.replies.invalidate()

        harness.relay.on_request = forget
        order = harness.place(harness.ticket(Side.BUY, 10, Market()))
        rejected = harness.only_report(order, Rejected)
        assert "reply id not found" in rejected.reason
        harness.pass_time()
        assert harness.order_numbers() == []
        assert harness.fills(order) == []


class TestBrokerageSession:
    """The brokerage session is lost, and comes back or not."""

    def test_a_lost_session_is_opened_and_primed_again(self, harness: ClientPortalHarness) -> None:
        """What was forgotten is asked for anew; nobody is told of a loss, and nothing is empty."""
        order = harness.bid(10, "249.00")
        harness.buy(5)
        harness.run(harness.adapter.contracts.details(PUT))
        harness.run(harness.adapter.market_data.quote(AAPL))
        harness.gateway.lose_brokerage_session()
        orders = harness.adapter.orders
        assert len(harness.run(orders.executions(GEN))) == 1
        assert harness.only_open_order(GEN).order_reference == order
        assert harness.login.is_authenticated
        assert harness.login.suppressed == set(EVERY_QUESTION)
        assert harness.run(harness.adapter.contracts.details(PUT)).instrument == PUT
        assert harness.run(harness.adapter.market_data.quote(AAPL)).bid == Decimal(250)
        harness.cancel(order)
        harness.only_report(order, Cancelled)
        assert harness.events(ConnectionLost) == []

    @pytest.mark.parametrize("read", ["open_orders", "executions"])
    def test_the_first_read_after_a_loss_is_not_empty(
        self, harness: ClientPortalHarness, read: str
    ) -> None:
        """Nor are many at once."""
        harness.bid(10, "249.00")
        harness.buy(5)
        harness.gateway.lose_brokerage_session()
        ask = getattr(harness.adapter.orders, read)
        answers = harness.run(_all([ask(GEN) for _ in range(5)]))
        assert [len(answer) for answer in answers] == [1] * 5

    def test_an_order_after_a_loss_is_placed_once(self, harness: ClientPortalHarness) -> None:
        """Or is known not to have been placed, and then goes through."""
        harness.run(harness.adapter.contracts.details(AAPL))
        harness.gateway.lose_brokerage_session()
        ticket = harness.limit_bid()
        try:
            harness.run(harness.adapter.orders.place(ticket))
        except NotConnected:
            assert harness.order_numbers() == []
            harness.run(harness.adapter.orders.place(ticket))
        harness.settle()
        harness.only_report(ticket.client_order_id, Acknowledged)
        assert len(harness.order_numbers()) == 1

    def test_another_program_has_the_session(self, harness: ClientPortalHarness) -> None:
        """The loss is told with its reason, and the session is not taken back."""
        harness.bid(10, "249.00")
        harness.gateway.compete_elsewhere()
        with pytest.raises(BrokerportError):
            harness.run(harness.adapter.orders.open_orders(GEN))
        harness.wait_until(lambda: harness.events(ConnectionLost))
        (lost,) = harness.events(ConnectionLost)
        assert "another program" in lost.reason
        assert not harness.login.is_authenticated
        with pytest.raises(SessionRefused, match="another program"):
            harness.run(harness.adapter.session.connect(harness.heard.append))

    def test_the_session_is_taken_back_when_the_settings_say_so(self) -> None:
        """The order is still there."""
        with ClientPortalHarness(takes_over_session=True) as harness:
            order = harness.bid(10, "249.00")
            harness.gateway.compete_elsewhere()
            assert harness.only_open_order(GEN).order_reference == order
            assert harness.login.is_authenticated
            assert harness.events(ConnectionLost) == []

    def test_where_nothing_listens_there_is_no_session(self, harness: ClientPortalHarness) -> None:
        """The relay is down."""
        harness.run(harness.adapter.session.disconnect())
        harness.run(harness.relay.stop())
        with pytest.raises(NotConnected):
            harness.run(harness.adapter.session.connect(harness.heard.append))


class TestLoad:
    """Many callers at once, within IBKR's limits."""

    def test_a_flood_of_reads_and_orders_exceeds_no_limit(
        self, harness: ClientPortalHarness
    ) -> None:
        """Three hundred at once: all are answered, each order is placed once, none is refused."""
        adapter = harness.adapter
        tickets = [
            harness.ticket(Side.BUY, 1, Limit("240.00"), account=(GEN, REV)[number % 2])
            for number in range(60)
        ]
        work: list[Coroutine[Any, Any, object]] = []
        for number, ticket in enumerate(tickets):
            account = (GEN, REV)[number % 2]
            work += [
                adapter.orders.place(ticket),
                adapter.market_data.quote((AAPL, MSFT, PUT)[number % 3]),
                adapter.account_data.positions(account),
                (adapter.orders.open_orders, adapter.orders.executions)[number % 2](account),
                (adapter.account_data.balances, adapter.account_data.profit_and_loss)[number % 2](
                    account
                ),
            ]
        assert len(work) == 300
        before, seconds = len(harness.relay.requests), harness.time.monotonic()
        harness.run(_all(work))
        harness.settle()
        told = [harness.only_report(one.client_order_id, Acknowledged) for one in tickets]
        assert sorted(one.perm_id or 0 for one in told) == sorted(harness.order_numbers())
        assert len(set(harness.order_numbers())) == 60
        # How often a limit was exceeded is looked at when the harness stops; these say that it
        # could have been.
        requests = len(harness.relay.requests) - before
        assert requests > 150
        assert harness.time.monotonic() - seconds > requests / 10

    def test_profits_of_two_accounts_empty_no_list(self, harness: ClientPortalHarness) -> None:
        """Each profit selects its account, and IBKR forgets the lists when another is selected."""
        harness.bid(10, "249.00")
        harness.buy(5)
        orders, data = harness.adapter.orders, harness.adapter.account_data

        async def read() -> None:
            for _round in range(4):
                answers = await asyncio.gather(
                    data.profit_and_loss(GEN),
                    orders.executions(GEN),
                    data.profit_and_loss(REV),
                    orders.open_orders(GEN),
                    orders.executions(REV),
                )
                (booked,) = answers[1]
                assert isinstance(booked, BookedExecution)
                assert len(answers[3]) == 1
                assert answers[4] == ()

        harness.run(read())


async def _all(work: list[Coroutine[Any, Any, Any]]) -> list[Any]:
    return await asyncio.gather(*work)
