"""Alert endpoints: create, modify, list, tell, switch on and off, delete; and the MTA alert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from brokerport.simulator.gateways.client_portal.alert_book import (
    MTA_NAME,
    Alert,
    AlertBook,
    AssistantAlert,
)
from brokerport.simulator.gateways.client_portal.alert_conditions import AlertCondition
from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.errors import bad_request, server_error
from brokerport.simulator.gateways.client_portal.translate.times import long_time

CONDITIONS_MAX = 20


def _list(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "order_id": alert.alert_id,
            "account": alert.account.account_id,
            "alert_name": alert.name,
            "alert_active": int(alert.is_active),
            "order_time": long_time(alert.made_at),
            "alert_triggered": alert.is_triggered,
            "alert_repeatable": int(alert.is_repeatable),
        }
        for alert in call.portal.store(AlertBook).of_account(call.account())
    ]


def _tell(call: Call) -> dict[str, Any]:
    if not call.query.get("type"):
        raise bad_request("Bad Request: orderId and type are required")
    book, alert_id = call.portal.store(AlertBook), call.contract_id("alertId")
    assistant = book.assistant(call.login.username)
    if alert_id == assistant.alert_id:
        return _assistant_details(call, assistant)
    alert = book.find(alert_id)
    if alert is None:
        raise server_error(f"Alert {alert_id} doesn't exist")
    return _details(alert)


def _assistant(call: Call) -> dict[str, Any]:
    assistant = call.portal.store(AlertBook).assistant(call.login.username)
    return _assistant_details(call, assistant)


def _write(call: Call) -> dict[str, Any]:
    account = call.account()
    body = call.body_mapping()
    if not body:
        raise bad_request("Bad Request: body can't be empty")
    book = call.portal.store(AlertBook)
    old = _modified(book, body)
    name, message = _text(body, "alertName"), _text(body, "alertMessage")
    if old is not None and (old.account != account or old.name != name):
        raise server_error("Alert name cannot be modified")
    alert = Alert(
        alert_id=book.new_id() if old is None else old.alert_id,
        account=account,
        name=name,
        message=message,
        conditions=_conditions(call, body),
        is_repeatable=_flag(body, "alertRepeatable"),
        is_outside_hours=_flag(body, "outsideRth"),
        time_in_force=_time_in_force(body),
        expires_at=_expiry(body),
        email=_optional_text(body, "email") or "",
        sends_message=_flag(body, "sendMessage", 0),
        shows_popup=_flag(body, "showPopup", 0),
        is_for_mobile_only=_flag(body, "iTWSOrdersOnly", 0),
        made_at=call.now,
        looked_at=call.now,
    )
    book.keep(alert)
    return {
        "request_id": None,
        "order_id": alert.alert_id,
        "success": True,
        "text": "Submitted",
        "order_status": None,
        "warning_message": None,
    }


def _activate(call: Call) -> dict[str, Any]:
    account = call.account()
    body = call.body_mapping()
    alert_id, is_active = _whole(body, "alertId"), _flag(body, "alertActive")
    book = call.portal.store(AlertBook)
    assistant = book.assistant(call.login.username)
    if alert_id == assistant.alert_id:
        assistant.is_active = is_active
        return _submitted(alert_id)
    alert = book.find(alert_id)
    if alert is None or alert.account != account:
        raise server_error("failed to activate/deactivate alert")
    book.set_active(alert, is_active)
    return _submitted(alert_id)


def _delete(call: Call) -> dict[str, Any]:
    account, alert_id = call.account(), call.contract_id("alertId")
    book = call.portal.store(AlertBook)
    if alert_id == book.assistant(call.login.username).alert_id:
        book.reset_assistant(call.login.username)
        return _submitted(alert_id)
    alert = book.find(alert_id)
    if alert is None or alert.account != account:
        raise server_error(f"failed to delete alert: Alert {alert_id} doesn't exist")
    book.delete(alert_id)
    return _submitted(alert_id)


def _submitted(alert_id: int) -> dict[str, Any]:
    return {
        "request_id": None,
        "order_id": alert_id,
        "success": True,
        "text": "Request was submitted",
        "failure_list": None,
    }


def _details(alert: Alert) -> dict[str, Any]:
    return {
        **_common(alert.account.account_id, alert.alert_id, alert.name),
        "tif": alert.time_in_force,
        "expire_time": None if alert.expires_at is None else long_time(alert.expires_at),
        "alert_active": int(alert.is_active),
        "alert_repeatable": int(alert.is_repeatable),
        "alert_email": alert.email,
        "alert_send_message": int(alert.sends_message),
        "alert_message": alert.message,
        "alert_show_popup": int(alert.shows_popup),
        "alert_triggered": alert.is_triggered,
        "itws_orders_only": int(alert.is_for_mobile_only),
        "tool_id": None,
        "condition_size": len(alert.conditions),
        "condition_outside_rth": int(alert.is_outside_hours),
        "conditions": [condition.row() for condition in alert.conditions],
    }


def _assistant_details(call: Call, assistant: AssistantAlert) -> dict[str, Any]:
    account_id = call.login.selected_account.account_id
    return {
        **_common(account_id, assistant.alert_id, MTA_NAME),
        "tif": "GTC",
        "expire_time": None,
        "alert_active": int(assistant.is_active),
        "alert_repeatable": 1,
        "alert_email": assistant.email,
        "alert_send_message": 0,
        "alert_message": None,
        "alert_show_popup": 0,
        "alert_triggered": False,
        "itws_orders_only": 0,
        "alert_mta_currency": "USD",
        "tool_id": assistant.tool_id,
        "condition_size": 0,
        "condition_outside_rth": 0,
        "conditions": [],
    }


def _common(account_id: str, alert_id: int, name: str) -> dict[str, Any]:
    return {
        "account": account_id,
        "order_id": alert_id,
        "alert_name": name,
        "alert_play_audio": None,
        "order_status": "Submitted",
        "fg_color": "#FFFFFF",
        "bg_color": "#0000CC",
        "order_not_editable": False,
        "alert_mta_currency": None,
        "alert_mta_defaults": None,
        "time_zone": None,
        "alert_default_type": None,
    }


def _modified(book: AlertBook, body: Mapping[str, Any]) -> Alert | None:
    if body.get("orderId") in (None, "", 0, "0"):
        return None
    alert_id = _whole(body, "orderId")
    alert = book.find(alert_id)
    if alert is None:
        raise server_error(f"Alert {alert_id} doesn't exist")
    return alert


def _conditions(call: Call, body: Mapping[str, Any]) -> tuple[AlertCondition, ...]:
    rows = body.get("conditions")
    if not isinstance(rows, list) or not 1 <= len(rows) <= CONDITIONS_MAX:
        raise bad_request(f"Bad Request: conditions must be a list of 1 to {CONDITIONS_MAX}")
    return tuple(
        AlertCondition.read(number, row, call.world.listing)
        for number, row in enumerate(rows, start=1)
    )


def _time_in_force(body: Mapping[str, Any]) -> str:
    tif = _text(body, "tif")
    if tif not in ("GTC", "GTD"):
        raise bad_request("Bad Request: tif must be GTC or GTD")
    return tif


def _expiry(body: Mapping[str, Any]) -> datetime | None:
    """Return when a GTD alert ends; the time given with GTC means nothing."""
    if _time_in_force(body) == "GTC":
        return None
    text = _text(body, "expireTime")
    try:
        return datetime.strptime(text, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise bad_request("Bad Request: expireTime must be YYYYMMDD-HH:mm:ss") from None


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise bad_request(f"Bad Request: {name} is required")
    return value


def _optional_text(body: Mapping[str, Any], name: str) -> str | None:
    return None if body.get(name) is None else _text(body, name)


def _flag(body: Mapping[str, Any], name: str, default: int | None = None) -> bool:
    value = body.get(name, default)
    if value not in (0, 1):
        raise bad_request(f"Bad Request: {name} must be 0 or 1")
    return bool(value)


def _whole(body: Mapping[str, Any], name: str) -> int:
    text = str(body.get(name))
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise bad_request(f"Bad Request: {name} must be a whole number")
    return int(text)


ENDPOINTS = (
    Endpoint("GET", "/iserver/account/mta", _assistant),
    Endpoint("GET", "/iserver/account/alert/{alertId}", _tell),
    Endpoint("GET", "/iserver/account/{accountId}/alerts", _list),
    Endpoint("POST", "/iserver/account/{accountId}/alert", _write),
    Endpoint("POST", "/iserver/account/{accountId}/alert/activate", _activate),
    Endpoint("DELETE", "/iserver/account/{accountId}/alert/{alertId}", _delete),
)
