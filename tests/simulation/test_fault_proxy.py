"""The fault proxy on a loop with virtual time: what it does to bytes, and that it repeats itself.

There are no real sockets here and no real time, so a run is the same to the last byte; what only
real sockets show is in ``tests/adversity``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import async_solipsism
import pytest
from attrs import define, field

from brokerport.simulator.faults.fault import Direction
from brokerport.simulator.faults.plan import FaultPlan
from brokerport.simulator.faults.proxy import FaultProxy

Result = TypeVar("Result")
FORWARD, BACK = Direction.CLIENT_TO_SERVER, Direction.SERVER_TO_CLIENT


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run on a loop of its own whose time passes at once; nothing may be left over."""

    async def whole() -> Result:
        result = await work
        for _ in range(5):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}, "tasks were left behind"
        return result

    with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
        return runner.run(whole())


@define
class Server:
    """A server that remembers what it read, and answers each read."""

    answer: Callable[[bytes], bytes] = lambda data: data.upper()
    heard: list[bytes] = field(factory=list)
    ended: int = 0
    writers: list[asyncio.StreamWriter] = field(factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.writers.append(writer)
        while data := await reader.read(65_536):
            self.heard.append(data)
            writer.write(self.answer(data))
        self.ended += 1
        writer.close()


@define
class Client:
    """One connection to the proxy."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def connected(cls, proxy: FaultProxy) -> Client:
        """Connect to a proxy."""
        return cls(*await asyncio.open_connection("127.0.0.1", proxy.port))

    async def ask(self, data: bytes) -> bytes:
        """Send, and return what comes back within a virtual minute: nothing at an end."""
        self.writer.write(data)
        return await self.hear()

    async def hear(self) -> bytes:
        """Return what comes next, b"" at an end, b"silence" when nothing comes in a minute."""
        try:
            async with asyncio.timeout(60):
                return await self.reader.read(65_536)
        except TimeoutError:
            return b"silence"
        except ConnectionError:
            return b""


def plan(*faults: dict[str, Any], seed: int = 1, framing: str = "none") -> FaultPlan:
    """Write a plan."""
    return FaultPlan.from_mapping({"seed": seed, "framing": framing, "faults": list(faults)})


class Stage:
    """A server behind a proxy that plays a plan."""

    def __init__(self, of: FaultPlan, server: Server | None = None) -> None:
        self.server = server or Server()
        self._plan = of
        self._clients: list[Client] = []

    async def __aenter__(self) -> Stage:
        self._listening = await asyncio.start_server(self.server.serve, "127.0.0.1", 9000)
        self.proxy = FaultProxy(self._plan, 9001, "127.0.0.1", 9000)
        await self.proxy.start()
        return self

    async def __aexit__(self, *_details: object) -> None:
        await self.proxy.close()
        self._listening.close()
        for writer in (*self.server.writers, *(client.writer for client in self._clients)):
            writer.close()
        await asyncio.sleep(1)

    async def client(self) -> Client:
        """Connect."""
        self._clients.append(await Client.connected(self.proxy))
        return self._clients[-1]

    @property
    def played(self) -> list[tuple[int, Direction | None, str]]:
        """What was played, without times and details."""
        return [(done.connection, done.direction, done.kind) for done in self.proxy.log]


def test_without_faults_bytes_pass_both_ways_and_ends_too() -> None:
    """A connection that the client ends is ended at the server, and the other way about."""

    async def work() -> None:
        async with Stage(plan()) as stage:
            client = await stage.client()
            assert await client.ask(b"hello") == b"HELLO"
            client.writer.write_eof()
            assert await client.hear() == b""
            assert stage.server.ended == 1
            other = await stage.client()
            assert await other.ask(b"again") == b"AGAIN"
            stage.server.writers[-1].close()
            assert await other.hear() == b""
            assert stage.proxy.log == []

    run(work())


def test_delay_takes_the_loops_own_time_and_keeps_the_order() -> None:
    """What follows a held chunk waits for it; the loop's clock shows the delay."""

    async def work() -> None:
        delay = {"kind": "delay", "nth": 1, "latency_ms_min": 2000, "latency_ms_max": 3000}
        async with Stage(plan(delay | {"direction": "client_to_server"})) as stage:
            client, loop = await stage.client(), asyncio.get_running_loop()
            began = loop.time()
            client.writer.write(b"one ")
            await asyncio.sleep(0.5)
            client.writer.write(b"two")
            answers = b""
            while len(answers) < 7:
                answers += await client.hear()
            assert answers == b"ONE TWO"
            assert 2 <= loop.time() - began <= 3.01
            assert b"".join(stage.server.heard) == b"one two"
            assert stage.played == [(1, FORWARD, "delay")]

    run(work())


def test_drop_closes_both_sides_and_the_chunk_never_arrives() -> None:
    """The second request is lost with its connection; a new connection works."""

    async def work() -> None:
        drop = {"kind": "drop", "nth": 2, "connection": 1, "direction": "client_to_server"}
        async with Stage(plan(drop)) as stage:
            client = await stage.client()
            assert await client.ask(b"one") == b"ONE"
            assert await client.ask(b"two") == b""
            await asyncio.sleep(1)
            assert (stage.server.heard, stage.server.ended) == ([b"one"], 1)
            second = await stage.client()
            assert [await second.ask(b"a"), await second.ask(b"b")] == [b"A", b"B"]
            assert stage.played == [(1, FORWARD, "drop")]

    run(work())


def test_cut_lets_the_first_bytes_through_and_no_more() -> None:
    """A message is torn where the plan says, in either direction, and never arrives whole."""

    async def work() -> None:
        torn = {"kind": "cut", "after_bytes_min": 3, "after_bytes_max": 3}
        faults = [
            torn | {"connection": 1, "direction": "client_to_server"},
            torn | {"connection": 2, "direction": "server_to_client"},
            {"kind": "cut", "connection": 3, "after_bytes_min": 90, "after_bytes_max": 99},
        ]
        async with Stage(plan(*faults)) as stage:
            first = await stage.client()
            first.writer.write(b"abcdef")
            await asyncio.sleep(1)
            assert (stage.server.heard, stage.server.ended) == ([b"abc"], 1)
            second = await stage.client()
            assert await second.ask(b"abcdef") == b"ABC"
            assert await second.hear() == b""
            await (await stage.client()).ask(b"abcdef")
            assert stage.server.heard == [b"abc", b"abcdef", b"abcde"]

    run(work())


def test_duplicate_passes_a_chunk_twice() -> None:
    """The server reads it twice over."""

    async def work() -> None:
        twice = {"kind": "duplicate", "nth": 1, "direction": "client_to_server"}
        async with Stage(plan(twice)) as stage:
            assert await (await stage.client()).ask(b"buy") == b"BUYBUY"

    run(work())


def test_reorder_holds_a_connection_until_a_later_one_has_spoken() -> None:
    """What was sent first arrives second; alone, it is held for so long and no longer."""

    async def work() -> None:
        held = {"kind": "reorder", "connection": 1, "nth": 1, "held_ms_max": 30_000}
        async with Stage(plan(held | {"direction": "client_to_server"})) as stage:
            first, second = await stage.client(), await stage.client()
            first.writer.write(b"first")
            await asyncio.sleep(10)
            assert stage.server.heard == []
            assert await second.ask(b"second") == b"SECOND"
            assert await first.hear() == b"FIRST"
            assert stage.server.heard == [b"second", b"first"]
        async with Stage(plan(held | {"direction": "client_to_server"})) as stage:
            alone, loop = await stage.client(), asyncio.get_running_loop()
            began = loop.time()
            assert await alone.ask(b"alone") == b"ALONE"
            assert loop.time() - began == pytest.approx(30)

    run(work())


def test_lost_response_lets_the_request_through_and_swallows_the_answer() -> None:
    """The server has acted; the client sees an end and no byte of the answer."""

    async def work() -> None:
        lost = {"kind": "lost_response", "containing": "place"}
        async with Stage(plan(lost)) as stage:
            client = await stage.client()
            assert await client.ask(b"read") == b"READ"
            assert await client.ask(b"place") == b""
            assert stage.server.heard == [b"read", b"place"]
            assert stage.played == [(1, BACK, "lost_response")]

    run(work())


def test_black_hole_is_silent_and_stays_open() -> None:
    """Nothing passes and nothing is closed, not even when the server closes."""

    async def work() -> None:
        hole = {"kind": "black_hole", "nth": 2}
        async with Stage(plan(hole)) as stage:
            client = await stage.client()
            assert await client.ask(b"one") == b"ONE"
            assert await client.ask(b"two") == b"silence"
            stage.server.writers[0].close()
            assert await client.ask(b"three") == b"silence"
            assert stage.server.heard == [b"one"]
            client.writer.close()
            assert stage.played == [(1, FORWARD, "black_hole")]

    run(work())


def test_black_hole_one_way_lets_requests_through() -> None:
    """Accepted and never answered: the server hears everything, the client nothing."""

    async def work() -> None:
        hole = {"kind": "black_hole", "direction": "server_to_client"}
        async with Stage(plan(hole)) as stage:
            client = await stage.client()
            assert await client.ask(b"one") == b"silence"
            assert await client.ask(b"two") == b"silence"
            assert stage.server.heard == [b"one", b"two"]
            client.writer.close()

    run(work())


def test_refuse_ends_a_connection_before_a_byte() -> None:
    """The server never hears of it; between two moments only."""

    async def work() -> None:
        closed = {"kind": "refuse", "from_seconds": 10, "until_seconds": 20}
        async with Stage(plan(closed)) as stage:
            assert await (await stage.client()).ask(b"a") == b"A"
            await asyncio.sleep(10)
            assert await (await stage.client()).ask(b"b") == b""
            await asyncio.sleep(10)
            assert await (await stage.client()).ask(b"c") == b"C"
            assert stage.server.heard == [b"a", b"c"]
            assert stage.played == [(2, None, "refuse")]

    run(work())


def test_a_server_that_is_away_ends_the_connection() -> None:
    """Nobody listens upstream: the client is closed, and the proxy lives on."""

    async def work() -> None:
        proxy = FaultProxy(plan(), 9001, "127.0.0.1", 9000)
        async with proxy:
            for _ in range(2):
                client = await Client.connected(proxy)
                assert await client.ask(b"a") == b""
                client.writer.close()
            assert (proxy.connections_taken, proxy.log) == (2, [])

    run(work())


def test_closing_ends_everything_under_way() -> None:
    """A held chunk, a delayed one and an idle connection: no task is left, clients see an end."""

    async def work() -> None:
        held = {"kind": "reorder", "connection": 1, "held_ms_max": 3_600_000}
        delayed = {"kind": "delay", "connection": 2, "latency_ms_max": 0.0}
        delayed |= {"latency_ms_min": 3_600_000, "latency_ms_max": 3_600_000}
        async with Stage(plan(held, delayed)) as stage:
            clients = [await stage.client() for _ in range(3)]
            for client in clients[:2]:
                client.writer.write(b"x")
            await asyncio.sleep(1)
            await stage.proxy.close()
            await stage.proxy.close()
            assert [await client.hear() for client in clients] == [b""] * 3

    run(work())


def test_tws_framing_makes_a_message_a_chunk_however_it_came() -> None:
    """The third message is lost, torn or glued as the bytes may arrive."""
    hello = b"API\0" + b"\0\0\0\x04v100"
    messages = [b"\0\0\0\x02" + text for text in (b"aa", b"bb", b"cc")]
    whole = hello + b"".join(messages)

    async def heard(pieces: list[bytes]) -> bytes:
        drop = {"kind": "cut", "nth": 4, "direction": "client_to_server", "after_bytes_max": 0}
        async with Stage(plan(drop, framing="tws"), Server(answer=lambda _data: b"")) as stage:
            client = await stage.client()
            for piece in pieces:
                client.writer.write(piece)
                await asyncio.sleep(0.1)
            await client.hear()
            return b"".join(stage.server.heard)

    expected = hello + messages[0]
    assert run(heard([whole])) == expected
    assert run(heard([whole[i : i + 1] for i in range(len(whole))])) == expected
    assert run(heard([whole[i : i + 7] for i in range(0, len(whole), 7)])) == expected


def test_what_is_no_tws_stream_passes_whole_under_tws_framing() -> None:
    """A browser at the wrong door is not held for ever, and the last bytes are not lost."""

    async def work() -> None:
        async with Stage(plan(framing="tws")) as stage:
            client = await stage.client()
            client.writer.write(b"get / http")
            await client.hear()
            client.writer.write(b"!")
            client.writer.write_eof()
            await client.hear()
            assert b"".join(stage.server.heard) == b"get / http!"
            torn = await stage.client()
            torn.writer.write(b"API\0\0\0\0\x09abc")
            torn.writer.write_eof()
            await torn.hear()
            assert b"".join(stage.server.heard).endswith(b"API\0\0\0\0\x09abc")

    run(work())


RANDOM = (
    {"kind": "delay", "chance": 0.3, "latency_ms_max": 40},
    {"kind": "duplicate", "chance": 0.1},
    {"kind": "cut", "chance": 0.05, "after_bytes_max": 20},
    {"kind": "lost_response", "chance": 0.05},
    {"kind": "reorder", "chance": 0.1, "held_ms_max": 100},
    {"kind": "refuse", "chance": 0.1},
)


async def _conversations(of: FaultPlan, count: int) -> tuple[list[str], list[bytes]]:
    async with Stage(of) as stage:

        async def talk(number: int) -> list[bytes]:
            client = await stage.client()
            answers = []
            for turn in range(10):
                answers.append(await client.ask(f"{number}.{turn} ".encode() * 3))
                await asyncio.sleep(0.01 * number)
            client.writer.close()
            return answers

        answers = [await talk(number) for number in range(1, count + 1)]
        return [str(done) for done in stage.proxy.log], [b"|".join(one) for one in answers]


def test_the_same_seed_and_traffic_give_the_same_faults() -> None:
    """To the microsecond and the byte; another seed gives others."""
    first = run(_conversations(plan(*RANDOM, seed=11), 12))
    assert first == run(_conversations(plan(*RANDOM, seed=11), 12))
    assert len(first[0]) > 10
    assert first != run(_conversations(plan(*RANDOM, seed=12), 12))


def test_connections_do_not_disturb_each_other() -> None:
    """What befalls the third connection does not depend on what the first two do."""

    async def third(of: FaultPlan, *, first_are_busy: bool) -> list[tuple[str, str]]:
        async with Stage(of) as stage:
            for _ in range(2):
                client = await stage.client()
                if first_are_busy:
                    for turn in range(20):
                        await client.ask(b"%d" % turn)
                client.writer.close()
            client = await stage.client()
            for turn in range(20):
                await client.ask(b"turn %d" % turn)
            client.writer.close()
            log = stage.proxy.log
            return [(done.kind, done.detail) for done in log if done.connection == 3]

    faults = [fault for fault in RANDOM if fault["kind"] in ("delay", "duplicate")]
    busy = run(third(plan(*faults, seed=5), first_are_busy=True))
    assert busy == run(third(plan(*faults, seed=5), first_are_busy=False))
    assert len(busy) > 3
