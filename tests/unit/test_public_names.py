"""What a user meets can be imported from brokerport, and the sync facade leaves nothing out."""

from __future__ import annotations

import inspect
from typing import get_args

import pytest

import brokerport
from brokerport.broker import Broker
from brokerport.domain import errors, events, order_types, reports
from brokerport.sync_broker import SyncBroker


def public_names(holder: type) -> set[str]:
    """Return the names of a class that a user may use."""
    return {name for name, _ in inspect.getmembers(holder) if not name.startswith("_")}


def test_every_exported_name_is_there() -> None:
    """``from brokerport import *`` finds every name it promises."""
    assert [name for name in brokerport.__all__ if not hasattr(brokerport, name)] == []


def test_every_error_event_report_and_order_type_can_be_imported() -> None:
    """Whoever catches an error or matches an event needs no inner module."""
    unions = (events.BrokerEvent, reports.OrderReport, order_types.OrderType)
    met = {item.__name__ for union in unions for item in get_args(union)}
    met |= {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.BrokerportError)
    }
    assert len(met) > 30
    assert met - set(brokerport.__all__) == set()


def test_the_sync_facade_has_all_of_broker() -> None:
    """A script misses no call."""
    assert public_names(SyncBroker) == public_names(Broker)


@pytest.mark.parametrize("name", sorted(public_names(Broker) - {"events"}))
def test_a_call_of_the_sync_facade_takes_and_gives_the_same(name: str) -> None:
    """Arguments, defaults and results are those of Broker; only the waiting differs."""
    ours, theirs = getattr(SyncBroker, name), getattr(Broker, name)
    if isinstance(theirs, property):
        assert isinstance(ours, property)
        assert ours.fget is not None
        assert theirs.fget is not None
        ours, theirs = ours.fget, theirs.fget
    assert inspect.signature(ours) == inspect.signature(theirs)
