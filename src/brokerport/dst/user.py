"""The user: makes the plan's calls on the broker, each in its own task, and notes the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from brokerport.broker import Broker
from brokerport.domain.errors import BrokerportError
from brokerport.domain.instruments import Stock
from brokerport.domain.orders import Order, OrderRequest
from brokerport.dst.client import CURRENT_CALL, Client
from brokerport.dst.plan import Cancel, Place, Read, Replace
from brokerport.dst.record import Books, Call
from brokerport.dst.trace import Trace
from brokerport.dst.words import order_line, short

UserStep = Place | Replace | Cancel | Read


class User:
    """Everyone who calls the broker."""

    def __init__(self, books: Books, trace: Trace) -> None:
        self._books = books
        self._trace = trace
        self._names: dict[str, Call] = {}
        self._loop = asyncio.get_running_loop()

    def act(self, step: UserStep, client: Client) -> None:
        """Begin a call, if there is a broker to call and the order meant is known."""
        broker = client.broker
        if broker is None:
            return
        call = self._call_of(step, client.life.number)
        if call is None:
            return
        self._books.calls.append(call)
        _task = client.process.start(self._make(call, step, broker), f"user {call.name}")

    def is_waiting(self) -> bool:
        """Say whether a call has not been answered yet."""
        return any(call.ended_at is None and not call.has_died for call in self._books.calls)

    def _call_of(self, step: UserStep, life: int) -> Call | None:
        now = self._loop.time()
        match step:
            case Place():
                request = OrderRequest(
                    step.account,
                    Stock(step.symbol),
                    step.side,
                    step.quantity,
                    step.order_type,
                    step.time_in_force,
                )
                call = Call(life, step.name, "place", step.account, now, request)
                self._names[step.name] = call
                return call
            case Replace() | Cancel():
                placed = self._names.get(step.name)
                if placed is None or placed.client_order_id is None:
                    return None
                action = "cancel" if isinstance(step, Cancel) else "replace"
                call = Call(life, step.name, action, placed.account, now)
                call.client_order_id = placed.client_order_id
                if isinstance(step, Replace):
                    call.quantity, call.order_type = step.quantity, step.order_type
                return call
            case Read():
                return Call(life, step.what, "read", step.account, now)

    async def _make(self, call: Call, step: UserStep, broker: Broker) -> None:
        CURRENT_CALL.set(call)
        self._note(call, "asks")
        try:
            call.result = await _asked(call, step, broker)()
        except BrokerportError as error:
            call.error = error
        except Exception as error:
            call.error = error
        if call.has_died:
            return
        call.ended_at = self._loop.time()
        self._note(call, _answer(call))

    def _note(self, call: Call, text: str) -> None:
        about = "" if call.action == "read" else f" {short(call.client_order_id)}"
        who = f"user {call.life}"
        self._trace.add(self._loop.time(), who, f"{call.action} {call.name}{about}: {text}")


def _asked(call: Call, step: UserStep, broker: Broker) -> Callable[[], Awaitable[object]]:
    key = call.client_order_id or ""
    match step:
        case Place():
            request = call.request
            if request is None:
                raise RuntimeError("a place call has a request")
            return lambda: broker.place(request)
        case Replace(quantity=quantity, order_type=order_type):
            return lambda: broker.replace(
                call.account, key, quantity=quantity, order_type=order_type
            )
        case Cancel():
            return lambda: broker.cancel(call.account, key)
        case Read(what="positions"):
            return lambda: broker.positions(call.account)
        case Read(what="executions"):
            return lambda: broker.executions(call.account)
        case Read():
            return lambda: broker.open_orders(call.account)


def _answer(call: Call) -> str:
    if call.error is not None:
        return f"{type(call.error).__name__}: {call.error}"[:200]
    if isinstance(call.result, Order):
        return f"returns {order_line(call.result)}"
    return f"returns {len(call.result) if isinstance(call.result, tuple) else call.result}"
