"""Opening, using and losing a TWS session, against a gateway that answers as it is told."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from brokerport.adapters.tws.adapter import TwsAdapter
from brokerport.config import TwsSettings
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import (
    NotConnected,
    RequestRefused,
    RequestTimedOut,
    SessionRefused,
    UnknownContract,
)
from brokerport.domain.instruments import Stock
from brokerport.ports.session import (
    AdapterEvent,
    BrokerReachable,
    BrokerUnreachable,
    ConnectionLost,
    NoticeReported,
)
from tests.unit.tws.fake_tws import GREETING, FakeTws

ACCOUNT = BrokerAccount("DU1000001")


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something holds; the suite's time-out bounds it."""
    while not condition():  # noqa: ASYNC110 - the condition has no event to wait for
        await asyncio.sleep(0)


class Heard(list[AdapterEvent]):
    """What a listener heard."""

    def of(self, kind: type) -> list[AdapterEvent]:
        """The events of one kind."""
        return [event for event in self if isinstance(event, kind)]


def with_fake_tws(
    tws: FakeTws,
    use: Callable[[TwsAdapter, Heard], Awaitable[None]],
    *,
    timeout_seconds: float = 5.0,
) -> None:
    """Run ``use`` with an adapter connected to the gateway, and see that nothing is left over."""

    async def run() -> None:
        async with tws:
            adapter, heard = TwsAdapter(tws.settings(timeout_seconds=timeout_seconds)), Heard()
            await adapter.session.connect(heard.append)
            try:
                await use(adapter, heard)
            finally:
                await adapter.session.disconnect()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert others == set()

    asyncio.run(run())


def refused_opening(tws: FakeTws, *, timeout_seconds: float = 5.0) -> BaseException:
    """Try to connect, and return the error."""

    async def run() -> BaseException:
        async with tws:
            adapter = TwsAdapter(tws.settings(timeout_seconds=timeout_seconds))
            heard = Heard()
            with pytest.raises((NotConnected, SessionRefused, RequestTimedOut)) as caught:
                await adapter.session.connect(heard.append)
            assert not adapter.session.is_connected
            assert heard.of(ConnectionLost) == []
            await adapter.session.disconnect()
            return caught.value

    return asyncio.run(run())


def test_a_session_names_the_accounts_and_the_brokers_time() -> None:
    """A connected adapter knows whom it may trade for, and that the line is alive."""

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        assert adapter.session.is_connected
        accounts = adapter.session.managed_accounts()
        assert accounts == (ACCOUNT, BrokerAccount("DU1000002"))
        assert await adapter.session.broker_time() == datetime(2026, 1, 5, 14, 30, tzinfo=UTC)

    with_fake_tws(FakeTws(), use)


def test_nothing_is_sent_before_a_session_is_open() -> None:
    """Without a session every request is refused by us."""

    async def run() -> None:
        adapter = TwsAdapter(TwsSettings())
        assert not adapter.session.is_connected
        with pytest.raises(NotConnected):
            adapter.session.managed_accounts()
        for call in (
            adapter.session.broker_time(),
            adapter.account_data.positions(ACCOUNT),
            adapter.orders.open_orders(ACCOUNT),
            adapter.orders.cancel("gen.x"),
            adapter.market_data.quote(Stock("AAPL")),
        ):
            with pytest.raises(NotConnected):
                await call
        await adapter.session.disconnect()

    asyncio.run(run())


def test_a_port_where_nothing_listens_is_not_connected() -> None:
    """Nothing answers at the address."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        adapter = TwsAdapter(TwsSettings(port=port, connect_timeout_seconds=2.0))
        with pytest.raises(NotConnected, match=str(port)):
            asyncio.run(adapter.session.connect(lambda _event: None))


def test_a_client_id_in_use_is_refused_in_ibkrs_words() -> None:
    """TWS sends error 326 and closes."""
    tws = FakeTws()

    def closing(_fields: list[str]) -> list[tuple[object, ...]]:
        tws.say((4, 2, -1, 326, "client id is already in use", ""))
        tws.hang_up()
        return []

    tws.answers["71"] = closing
    error = refused_opening(tws)
    assert isinstance(error, SessionRefused)
    assert "326" in str(error)


def test_a_gateway_that_hangs_up_gives_no_session() -> None:
    """Closed before it was open, without a word."""
    tws = FakeTws()
    tws.hangs_up_on = "71"
    assert isinstance(refused_opening(tws), SessionRefused)


def test_a_gateway_that_is_too_old_gives_no_session() -> None:
    """The client's lowest version is 157."""
    tws = FakeTws()
    tws.version = "100"
    assert isinstance(refused_opening(tws), SessionRefused)


def test_a_gateway_that_says_nothing_times_out() -> None:
    """The handshake is not answered."""
    tws = FakeTws()
    tws.version = None
    assert isinstance(refused_opening(tws, timeout_seconds=0.3), RequestTimedOut)


@pytest.mark.parametrize("silent_on", ["71", "5", "61"])
def test_a_gateway_that_does_not_finish_times_out(silent_on: str) -> None:
    """Neither the start, nor the open orders, nor the positions may stay away."""
    error = refused_opening(FakeTws({silent_on: []}), timeout_seconds=0.3)
    assert isinstance(error, RequestTimedOut)


def test_a_line_that_breaks_is_told_once_and_its_reads_fail() -> None:
    """ConnectionLost comes once; who waits gets NotConnected, never an empty answer."""

    async def use(adapter: TwsAdapter, heard: Heard) -> None:
        reading = asyncio.ensure_future(adapter.orders.executions(ACCOUNT))
        waiting = asyncio.ensure_future(adapter.orders.open_orders(ACCOUNT))
        await until(lambda: tws.sent("7") and tws.sent("16"))
        tws.hang_up()
        for read in (reading, waiting):
            with pytest.raises(NotConnected):
                await read
        assert len(heard.of(ConnectionLost)) == 1
        assert not adapter.session.is_connected
        with pytest.raises(NotConnected):
            await adapter.session.broker_time()

    tws = FakeTws()
    with_fake_tws(tws, use)


def test_a_session_that_we_close_is_not_lost() -> None:
    """Closing is idempotent, and no ConnectionLost is told for it."""

    async def use(adapter: TwsAdapter, heard: Heard) -> None:
        await adapter.session.disconnect()
        await adapter.session.disconnect()
        assert not adapter.session.is_connected
        assert heard.of(ConnectionLost) == []

    with_fake_tws(FakeTws(), use)


def test_an_adapter_connects_again_after_a_loss() -> None:
    """A new session hears nothing of the old one."""

    async def use(adapter: TwsAdapter, heard: Heard) -> None:
        tws.hang_up()
        await until(lambda: heard.of(ConnectionLost))
        again = Heard()
        await adapter.session.connect(again.append)
        await adapter.session.broker_time()
        assert again.of(ConnectionLost) == []
        assert len(heard.of(ConnectionLost)) == 1

    tws = FakeTws()
    with_fake_tws(tws, use)


def test_a_second_session_at_once_is_refused() -> None:
    """One adapter has one session."""

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        with pytest.raises(SessionRefused):
            await adapter.session.connect(lambda _event: None)
        assert adapter.session.is_connected

    with_fake_tws(FakeTws(), use)


def test_a_refused_read_raises() -> None:
    """Code 321 on a request, which ib_async waits for for ever, ends the read."""

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        with pytest.raises(RequestRefused, match="read-only") as caught:
            await adapter.orders.executions(ACCOUNT)
        assert caught.value.code == 321

    tws = FakeTws({"7": lambda fields: [(4, 2, fields[2], 321, "read-only", "")]})
    with_fake_tws(tws, use)


def test_a_refused_read_without_an_id_raises() -> None:
    """TWS refuses a request without an id with an error without one."""

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        with pytest.raises(RequestRefused, match="read-only"):
            await adapter.orders.completed_orders(ACCOUNT)
        assert await adapter.orders.open_orders(ACCOUNT) == ()

    tws = FakeTws({"99": [(4, 2, -1, 321, "read-only", "")], "16": [(53, 1)]})
    with_fake_tws(tws, use)


def test_a_read_that_is_not_answered_times_out() -> None:
    """It is never an empty answer."""

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        answers = await asyncio.gather(
            adapter.orders.open_orders(ACCOUNT),
            adapter.orders.executions(ACCOUNT),
            adapter.account_data.balances(ACCOUNT),
            adapter.contracts.find("AAPL"),
            adapter.contracts.details(Stock("AAPL")),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers] == [RequestTimedOut] * 5

    with_fake_tws(FakeTws(), use, timeout_seconds=0.5)


def test_a_late_answer_does_not_end_the_next_read() -> None:
    """Answers without an id come in order: the first belongs to the read that gave up."""

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        with pytest.raises(RequestTimedOut):
            await adapter.orders.open_orders(ACCOUNT)
        second = asyncio.ensure_future(adapter.orders.open_orders(ACCOUNT))
        await until(lambda: len(tws.sent("16")) == 2)
        tws.say((53, 1))
        await adapter.session.broker_time()
        assert not second.done()
        tws.say((53, 1))
        assert await second == ()

    tws = FakeTws()
    with_fake_tws(tws, use, timeout_seconds=0.5)


def test_many_callers_share_a_read_that_was_asked_after_them() -> None:
    """Ten callers at once cost two requests, not ten."""

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        reads = [adapter.orders.open_orders(ACCOUNT) for _ in range(10)]
        assert await asyncio.gather(*reads) == [()] * 10
        assert len(tws.sent("16")) == 2

    tws = FakeTws({"16": [(53, 1)]})
    with_fake_tws(tws, use)


def test_what_tws_says_of_itself_is_a_notice() -> None:
    """The state of its farms and lost connectivity belong to no order."""

    async def use(adapter: TwsAdapter, heard: Heard) -> None:
        tws.say((4, 2, -1, 1100, "Connectivity has been lost", ""))
        await adapter.session.broker_time()
        assert heard[-2:] == [
            NoticeReported(1100, "Connectivity has been lost"),
            BrokerUnreachable("Connectivity has been lost (code 1100)"),
        ]
        assert NoticeReported(2104, "farm OK") in heard
        for code in (1101, 1102):
            tws.say((4, 2, -1, code, "restored", ""))
            await adapter.session.broker_time()
            assert heard[-1] == BrokerReachable(f"restored (code {code})")

    tws = FakeTws({"71": [*GREETING, (4, 2, -1, 2104, "farm OK", "")]})
    with_fake_tws(tws, use)


def test_no_definition_is_an_unknown_contract() -> None:
    """Code 200 answers contract details."""

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        with pytest.raises(UnknownContract, match="NOPE"):
            await adapter.contracts.details(Stock("NOPE"))

    tws = FakeTws({"9": lambda fields: [(4, 2, fields[2], 200, "No security definition", "")]})
    with_fake_tws(tws, use)


def test_a_vital_message_that_cannot_be_read_ends_the_session() -> None:
    """What was in it is unknown: a new session must read the truth afresh."""

    async def use(adapter: TwsAdapter, heard: Heard) -> None:
        problems: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: problems.append(context)
        )
        tws.say((11, -1, "half an execution"))
        await until(lambda: heard.of(ConnectionLost))
        (lost,) = heard.of(ConnectionLost)
        assert isinstance(lost, ConnectionLost)
        assert "message 11" in lost.reason
        assert len(problems) == 1

    tws = FakeTws()
    with_fake_tws(tws, use)


def test_another_message_that_cannot_be_read_is_a_notice() -> None:
    """An odd tick loses nothing that matters."""

    async def use(adapter: TwsAdapter, heard: Heard) -> None:
        tws.say((1, 6, "?"), (8000, "from the future"))
        await adapter.session.broker_time()
        notices = [event.message for event in heard if isinstance(event, NoticeReported)]
        assert ["message 1 " in notices[-2], "message 8000 " in notices[-1]] == [True, True]
        assert adapter.session.is_connected

    tws = FakeTws()
    with_fake_tws(tws, use)


PROBE = """
import asyncio, socket
from brokerport.adapters.tws.adapter import TwsAdapter
from brokerport.config import TwsSettings
from brokerport.domain.errors import NotConnected

with socket.socket() as bound:
    bound.bind(("127.0.0.1", 0))
    adapter = TwsAdapter(TwsSettings(port=bound.getsockname()[1]))
    try:
        asyncio.run(adapter.session.connect(lambda _event: None))
    except NotConnected:
        print("refused")
"""


def test_the_library_prints_nothing() -> None:
    """ib_async logs errors that we raise; without a handler Python would print them."""
    run = subprocess.run([sys.executable, "-c", PROBE], check=True, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("refused\n", "")


@pytest.mark.parametrize("request_kind", ["5", "61"])
def test_a_gateway_that_fails_to_tell_its_state_gives_no_session_for_now(request_kind: str) -> None:
    """Without its orders or positions there is nothing to stand on; it may have them later."""
    tws = FakeTws({request_kind: [(4, 2, -1, 322, "server error", "")]})
    error = refused_opening(tws)
    assert isinstance(error, SessionRefused)
    assert "322" in str(error)
