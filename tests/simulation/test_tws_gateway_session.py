"""Connecting to the TWS gateway: handshake, startApi, client ids, pacing, starting and closing."""

from __future__ import annotations

import asyncio
import gc
import weakref
from datetime import timedelta

import pytest

from brokerport.domain.errors import InvalidConfiguration
from brokerport.simulator.gateways.tws import (
    GatewaySettings,
    NotLoopback,
    PortInUse,
    TwsGateway,
)
from brokerport.simulator.gateways.tws.pacing import PacingMeter
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.wire.tws.framing import encode_frame
from brokerport.simulator.wire.tws.messages.orders import ReqAllOpenOrders
from brokerport.simulator.wire.tws.messages.session import (
    CurrentTime,
    ErrorMessage,
    ManagedAccounts,
    NextValidId,
    ReqCurrentTime,
    ReqIds,
    ReqManagedAccts,
    ReqUserInfo,
    SetServerLogLevel,
    StartApi,
    UnknownRequest,
    UserInfo,
)
from brokerport.simulator.world import World
from tests.simulation.trading_floor import CASH_ACCOUNT, MARGIN_ACCOUNT
from tests.simulation.tws_door import (
    ACCOUNT,
    Door,
    errors,
    every,
    limit_order,
    names,
    only,
    place,
    play,
)


@pytest.mark.parametrize("version", [157, 163, 176, 177, 178])
def test_the_client_s_highest_version_is_announced(version: int) -> None:
    """Up to 178, the gateway speaks the newest version that the client knows."""

    async def story(door: Door) -> None:
        client = await door.knock(version)
        accepted = await client.shake_hands()
        assert accepted.version == version
        assert accepted.server_time == "20260105 09:30:00 EST"
        assert only(ManagedAccounts, await client.ask(StartApi(1))).accounts_list == ACCOUNT

    play(story)


def test_a_newer_client_is_spoken_to_in_178() -> None:
    """The official client offers 226; the gateway never goes past the last text version."""

    async def story(door: Door) -> None:
        client = await door.knock()
        client.writer.write(b"API\0" + b"\0\0\0\x09v100..226")
        assert (await client.read()).version == 178

    play(story)


def test_a_client_without_a_common_version_is_closed() -> None:
    """Below 157 there is no layout to speak; the gateway says nothing and closes."""

    async def story(door: Door) -> None:
        client = await door.knock()
        client.writer.write(b"API\0" + b"\0\0\0\x09v100..156")
        assert await client.until_closed() == []

    play(story)


def test_nothing_follows_the_version_reply_until_the_api_is_started() -> None:
    """Official clients throw away what comes with the version reply."""

    async def story(door: Door) -> None:
        client = await door.knock()
        await client.shake_hands()
        # Another client's whole session passes by; anything due would have come meanwhile.
        await door.client(2)
        client.send(StartApi(1))
        assert isinstance(await client.read(), ManagedAccounts)

    play(story)


def test_a_started_client_is_told_its_accounts_its_next_id_and_the_farms() -> None:
    """The first messages are 15, 9 and the notices 2104, 2106 and 2158, in this order."""

    async def story(door: Door) -> None:
        _client, *messages = await door.start()
        assert names(messages) == ["ManagedAccounts", "NextValidId", *["ErrorMessage"] * 3]
        assert messages[0] == ManagedAccounts(f"{ACCOUNT},{CASH_ACCOUNT.account_id}")
        assert messages[1] == NextValidId(101)
        assert errors(messages) == [(-1, 2104), (-1, 2106), (-1, 2158)]

    play(story, accounts=(MARGIN_ACCOUNT, CASH_ACCOUNT))


def test_the_session_s_own_questions_are_answered() -> None:
    """Ids, accounts, the world's clock and the user are told; the log level has no answer."""

    async def story(door: Door) -> None:
        client = await door.client()
        door.world.advance(timedelta(hours=1))
        messages = await client.ask(
            ReqIds(), ReqManagedAccts(), ReqUserInfo(7), SetServerLogLevel(5)
        )
        assert messages == [NextValidId(101), ManagedAccounts(ACCOUNT), UserInfo(7, "")]
        client.send(ReqCurrentTime())
        assert await client.read() == CurrentTime(int(door.world.clock.now().timestamp()))

    play(story)


def test_the_next_id_is_above_every_id_of_every_client() -> None:
    """After an order with id 500, every client is told 501."""

    async def story(door: Door) -> None:
        first = await door.client(1)
        await first.ask(place(500, limit_order("1.00")))
        _second, *messages = await door.start(2)
        assert only(NextValidId, messages) == NextValidId(501)
        assert await first.ask(ReqIds()) == [NextValidId(501)]

    play(story)


def test_a_client_id_is_in_use_once_at_a_time() -> None:
    """The second client is told 326 after startApi and closed; the first lives on."""

    async def story(door: Door) -> None:
        first = await door.client(5)
        second = await door.knock()
        await second.shake_hands()
        second.send(StartApi(5))
        assert errors(await second.until_closed()) == [(-1, 326)]
        assert await first.ask(ReqIds()) == [NextValidId(101)]
        assert door.gateway.connected_client_ids == (5,)

    play(story)


def test_a_client_id_is_free_again_when_its_client_has_gone() -> None:
    """A client that hangs up can come back under the same id."""

    async def story(door: Door) -> None:
        client = await door.client(5)
        await client.hang_up()
        await door.dropped()
        assert (await door.client(5)).wire.negotiated_version == 178

    play(story)


def test_the_api_is_started_once() -> None:
    """A second startApi is an error, and changes nothing."""

    async def story(door: Door) -> None:
        client = await door.client(1)
        assert errors(await client.ask(StartApi(2))) == [(-1, 322)]
        assert door.gateway.connected_client_ids == (1,)

    play(story)


def test_a_request_that_is_not_served_is_refused_by_its_id() -> None:
    """Whatever the gateway does not know, the client learns so and can go on."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(
            UnknownRequest(96, 9, ("9",)), UnknownRequest(12, None, ("1", "1"))
        )
        assert errors(messages) == [(9, 322), (-1, 322)]

    play(story)


def test_a_request_that_cannot_be_read_is_answered_with_320() -> None:
    """One bad field costs an error message, not the connection."""

    async def story(door: Door) -> None:
        client = await door.client()
        client.writer.write(encode_frame(b"91\0no rule\0"))
        client.writer.write(encode_frame(b"94\x007\0DU1000001\0"))
        unreadable, too_short = every(ErrorMessage, await client.ask())
        assert (unreadable.error_code, too_short.error_code) == (320, 320)
        assert "market_rule_id" in unreadable.error_string
        assert too_short.request_id == 7

    play(story)


def test_more_than_fifty_messages_a_second_are_a_violation() -> None:
    """Error 100 comes once for the second, the violation is counted, the client lives on."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(*[ReqIds()] * 60)
        assert errors(messages) == [(-1, 100)]
        assert len(every(NextValidId, messages)) == 60
        assert door.gateway.pacing_violations(1) == 1

    play(story)


def test_violations_are_counted_by_the_second() -> None:
    """Each second's first excess begins a violation; every message in excess is counted."""
    meter = PacingMeter(limit=3)
    times = [0.0, 0.1, 0.2, 0.3, 0.4, 1.0, 1.1, 1.2, 1.95, 2.9, 2.9, 2.9, 2.9]
    assert [now for now in times if meter.count(now)] == [0.3, 2.9]
    assert (meter.violations, meter.messages_over_the_limit) == (2, 3)


def test_bursts_at_the_limit_a_second_apart_are_no_violation() -> None:
    """ib_async's rhythm, bunched a little by the network, is within the limit."""
    meter = PacingMeter(limit=50)
    assert not any(meter.count(now) for now in [0.03] * 45 + [1.0] * 45 + [1.98] * 45)


def test_a_client_that_keeps_violating_is_dropped_where_that_is_set() -> None:
    """IBKR hangs up on the third violation; the setting says which."""

    async def story(door: Door) -> None:
        client = await door.knock()
        await client.shake_hands()
        client.send(StartApi(1), *[ReqIds()] * 60)
        assert errors(await client.until_closed())[-1] == (-1, 100)

    play(story, settings=GatewaySettings(pacing_violations_max=1))


def test_pacing_can_be_switched_off() -> None:
    """With no limit set, nothing is counted."""

    async def story(door: Door) -> None:
        client = await door.client()
        assert errors(await client.ask(*[ReqIds()] * 500)) == []

    play(story, settings=GatewaySettings(messages_per_second_max=None))


def test_clients_come_and_go_at_once() -> None:
    """Eight clients are served side by side, each with its own answers."""

    async def story(door: Door) -> None:
        clients = [await door.client(number) for number in range(8)]
        answers = await asyncio.gather(
            *(client.ask(ReqUserInfo(number)) for number, client in enumerate(clients))
        )
        assert answers == [[UserInfo(number, "")] for number in range(8)]
        assert door.gateway.connected_client_ids == tuple(range(8))

    play(story)


def test_more_clients_than_allowed_are_turned_away() -> None:
    """The connection past the limit is closed; the others do not notice."""

    async def story(door: Door) -> None:
        first = await door.client(1)
        late = await door.knock()
        late.writer.write(b"API\0")
        assert await late.until_closed() == []
        assert await first.ask(ReqIds()) == [NextValidId(101)]

    play(story, settings=GatewaySettings(connections_max=1))


def test_only_loopback_is_served() -> None:
    """The protocol has no password, so no other machine may reach it."""
    world = World.build(Scenario())
    for host in ("0.0.0.0", "192.168.1.5", "example.org", ""):  # noqa: S104
        with pytest.raises(NotLoopback, match="loopback"):
            TwsGateway(world, host)


def test_a_port_in_use_is_named() -> None:
    """Starting a second gateway on a port fails with an error that says which port."""

    async def story(door: Door) -> None:
        port = door.gateway.port
        with pytest.raises(PortInUse, match=str(port)) as caught:
            await TwsGateway(door.world, port=port).start()
        assert isinstance(caught.value, InvalidConfiguration)
        assert caught.value.port == port

    play(story)


def test_a_gateway_starts_once_and_closes_as_often_as_one_likes() -> None:
    """Starting twice is a mistake; closing twice is not."""

    async def run() -> None:
        gateway = TwsGateway(World.build(Scenario()))
        with pytest.raises(RuntimeError, match="not started"):
            _ = gateway.port
        await gateway.start()
        with pytest.raises(RuntimeError, match="already"):
            await gateway.start()
        await gateway.close()
        await gateway.close()

    asyncio.run(run())


def test_closing_the_gateway_closes_its_clients_and_lets_go_of_the_world() -> None:
    """Clients see the end; the world goes on and another gateway can serve it."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, limit_order("1.00", order_ref="mine")))
        await door.gateway.close()
        assert await client.until_closed() == []
        door.tick()
        async with TwsGateway(door.world) as again:
            returned = await door.knock_at(again)
            await returned.shake_hands()
            messages = await returned.ask(StartApi(1), ReqAllOpenOrders())
            assert only(NextValidId, messages) == NextValidId(102)
            assert [m.order.order_ref for m in messages if hasattr(m, "order")] == ["mine"]

    play(story)


def test_a_closed_gateway_can_be_forgotten() -> None:
    """The world keeps no hold of a gateway that was closed."""

    async def run() -> weakref.ref[TwsGateway]:
        gateway = TwsGateway(world)
        await gateway.start()
        await gateway.close()
        return weakref.ref(gateway)

    world = World.build(Scenario())
    forgotten = asyncio.run(run())
    gc.collect()
    assert forgotten() is None


def test_a_setting_below_its_least_value_is_named() -> None:
    """A setting that makes no sense is refused with its name."""
    with pytest.raises(InvalidConfiguration, match=r"handshake_timeout_seconds is 0\b"):
        GatewaySettings(handshake_timeout_seconds=0)
    with pytest.raises(InvalidConfiguration, match="messages_per_second_max is -1"):
        GatewaySettings(messages_per_second_max=-1)
