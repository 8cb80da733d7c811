"""Planted bugs: what peers' adapters really did, put into ours at run time, to see them caught.

Nothing of this is in product code. A bug changes one container's parts before they are built; one
that sits in a library's or a module's function is patched for the length of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from unittest import mock

from attrs import evolve, frozen

from brokerport.container import Container
from brokerport.domain.accounts import BrokerAccount
from brokerport.dst import bugs_of_desk as desk
from brokerport.dst import bugs_of_wire as wire
from brokerport.ports.adapter import BrokerAdapter
from brokerport.services.broker_record import BrokerRecord, read_record

BOTH = ("tws", "client_portal")


def _nothing(_container: Container) -> None:
    """Change nothing in the container."""


@frozen
class Bug:
    """One planted bug. ``adapters`` are those it can be planted in."""

    name: str
    what: str
    plant: Callable[[Container], None] = _nothing
    patched: Callable[[], AbstractContextManager[object]] = nullcontext
    adapters: tuple[str, ...] = BOTH


async def _open_orders_alone(adapter: BrokerAdapter, account: BrokerAccount) -> BrokerRecord:
    record = await read_record(adapter, account)
    shown = await adapter.orders.open_orders(account)
    references = {order.order_reference for order in shown}
    orders = {key: order for key, order in record.orders.items() if key in references}
    return evolve(record, orders=orders, executions=(), is_whole=True)


@contextmanager
def _absence_from_open_orders() -> Iterator[None]:
    with mock.patch("brokerport.services.synchroniser.read_record", _open_orders_alone):
        yield


_BUGS = (
    Bug("resend", "an order in doubt is sent again, blindly", desk.resend_after_timeout),
    Bug("timeout-is-not-placed", "a lost answer is told as not placed", desk.doubt_is_absence),
    Bug("cancel-timeout", "a cancel without an answer is told as cancelled", desk.cancel_timeout),
    Bug("replace-timeout", "a replace without an answer is told as done", desk.replace_timeout),
    Bug("journal-after-send", "the intent is written after it was sent", desk.send_before_writing),
    Bug("intent-not-written", "the intent is not written at all", desk.intent_not_written),
    Bug("dropped-fill", "every third fill is dropped", desk.dropped_fill),
    Bug("no-deduplication", "a fill is told each time it is heard", desk.no_deduplication),
    Bug("forgotten-fills", "the fills in the journal are not remembered", desk.forgotten_fills),
    Bug(
        "corrections-added",
        "the correction of a fill is taken for one more",
        patched=desk.corrections_added,
        adapters=("tws",),
    ),
    Bug("wrong-account", "a fill is told in the first account", desk.wrong_account),
    Bug("gate-open", "news is told before it is durable", desk.gate_open),
    # Over TWS one look is proof enough, and reconciliation has it within a minute.
    Bug(
        "doubt-not-watched",
        "nobody looks again for an order in doubt",
        desk.doubt_not_watched,
        adapters=("client_portal",),
    ),
    Bug("loss-swallowed", "a lost connection is not noticed", desk.loss_swallowed),
    Bug("failed-read-is-empty", "a read that failed is an empty list", wire.failed_read_is_empty),
    Bug(
        "open-orders-alone",
        "absence is concluded from open orders alone",
        patched=_absence_from_open_orders,
    ),
    Bug("no-proof", "absence is concluded at once", desk.no_proof, adapters=("client_portal",)),
    Bug(
        "status-is-fill",
        "orderStatus Filled is taken for a fill",
        wire.status_is_fill,
        adapters=("tws",),
    ),
    Bug(
        "cancelled-by-code",
        "any code on an order is taken for its end",
        wire.cancelled_by_code,
        adapters=("tws",),
    ),
)

BUGS = {bug.name: bug for bug in _BUGS}


def bug_named(name: str) -> Bug:
    """Return the bug of that name; raises KeyError when there is none."""
    return BUGS[name]
