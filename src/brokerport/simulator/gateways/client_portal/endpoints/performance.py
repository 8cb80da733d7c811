"""Portfolio Analyst endpoints: performance, all periods, summary and transactions.

The values come from the closes that the portal has watched (``nav_history``): every answer's
``start`` says from when. Transactions are the broker's executions; what options turn into on their
expiry is no execution and is not among them.

/pa/summary is not in IBKR's description; its keys are those of the older Client Portal API.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.money import to_cents
from brokerport.domain.order_types import Side
from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE, exchange_date
from brokerport.simulator.brokerage.orders import BrokerageExecution
from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.contract_ids import instrument_of
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint, Tier
from brokerport.simulator.gateways.client_portal.errors import bad_request
from brokerport.simulator.gateways.client_portal.nav_history import NavHistory, NavPoint
from brokerport.simulator.gateways.client_portal.requested_accounts import requested_accounts
from brokerport.simulator.gateways.client_portal.translate.performance import (
    ALL_PERIODS,
    PERIODS,
    Series,
    consolidated,
    day_text,
    of_period,
)
from brokerport.simulator.gateways.client_portal.translate.times import epoch_milliseconds

DEFAULT_DAYS = 90
DAYS_MAX = 3650
_ZERO = Decimal(0)


def _performance(call: Call) -> dict[str, Any]:
    accounts = requested_accounts(call)
    period = call.body_mapping().get("period", "1D")
    if period not in PERIODS:
        raise bad_request(f"Bad Request: period must be one of {', '.join(PERIODS)}")
    series = of_period(_values(call, accounts), period)
    months = series.monthly_returns()
    head = {
        "idType": "acctid",
        "start": series.dates[0],
        "end": series.dates[-1],
        "id": _name(accounts),
        "baseCurrency": "USD",
    }
    value = head | {"navs": series.values, "startNAV": series.start_row()}
    return {
        **_frame("getPerformanceData", accounts, len(series.points)),
        "nav": {"data": [value], "freq": "D", "dates": series.dates},
        "cps": {
            "data": [head | {"returns": series.cumulative_returns}],
            "freq": "D",
            "dates": series.dates,
        },
        "tpps": {
            "data": [head | {"returns": list(months.values())}],
            "freq": "M",
            "dates": list(months),
        },
    }


def _all_periods(call: Call) -> dict[str, Any]:
    accounts = _accounts_of_all_periods(call)
    values = _values(call, accounts)
    periods = {period: of_period(values, period) for period in ALL_PERIODS}
    answer = _frame("getPerformanceAllPeriods", accounts, len(values))
    answer["view"] = [account.account_id for account in accounts]
    answer[_name(accounts)] = {
        "lastSuccessfulUpdate": f"{call.now.astimezone(EXCHANGE_TIME_ZONE):%Y-%m-%d %H:%M:%S}",
        "start": day_text(values[0].day),
        "end": day_text(values[-1].day),
        "periods": list(ALL_PERIODS),
        "baseCurrency": "USD",
        **{period: _period_row(series) for period, series in periods.items()},
    }
    return answer


def _period_row(series: Series) -> dict[str, Any]:
    return {
        "nav": series.values,
        "cps": series.cumulative_returns,
        "freq": "D",
        "dates": series.dates,
        "startNAV": series.start_row(),
    }


def _accounts_of_all_periods(call: Call) -> tuple[BrokerAccount, ...]:
    """Return the one account that the query names, else those of the body."""
    named = call.query.get("param")
    return (call.portal.account(named),) if named else requested_accounts(call)


def _summary(call: Call) -> dict[str, Any]:
    accounts = requested_accounts(call)
    values = _values(call, accounts)
    start, end = values[0], values[-1]
    change = end.value - start.value
    rate = change / start.value * 100 if start.value > 0 else _ZERO
    return {
        "rc": 0,
        "currency": "USD",
        "pm": "TWR",
        "view": _name(accounts),
        "startDate": start.day.isoformat(),
        "endDate": end.day.isoformat(),
        "hasExternalAccounts": False,
        "excludedAccounts": [],
        "total": {
            "startVal": f"{start.value:.2f}",
            "endVal": f"{end.value:.2f}",
            "chg": f"{change:.2f}",
            "rtn": f"{rate:.2f}",
            "incompleteData": False,
        },
    }


def _transactions(call: Call) -> dict[str, Any]:
    accounts, body = requested_accounts(call), call.body_mapping()
    conids = body.get("conids")
    if not isinstance(conids, list) or len(conids) != 1:
        raise bad_request("Bad Request: conids must be a list of one contract id")
    instrument = instrument_of(call.world.listing, conids[0])
    if instrument is None:
        raise bad_request(f"Bad Request: {conids[0]!r} is no contract id")
    if body.get("currency", "USD") not in ("USD", "base", "BASE"):
        raise bad_request("Bad Request: currency must be USD, that of every account here")
    since = _since(call.now, body.get("days", DEFAULT_DAYS))
    details = call.world.listing.details(instrument)
    conid = details.contract_id
    found = [
        one
        for one in call.brokerage.executions(since)
        if one.execution.broker_account in accounts and one.execution.instrument == instrument
    ]
    return {
        "rc": 0,
        "nd": (exchange_date(call.now) - exchange_date(since)).days,
        "rpnl": _realised(found, conid),
        "currency": "USD",
        "from": epoch_milliseconds(since),
        "id": "getTransactions",
        "to": epoch_milliseconds(call.now),
        "includesRealTime": True,
        "transactions": [_transaction(one, conid, details.long_name) for one in reversed(found)],
    }


def _since(now: datetime, days: object) -> datetime:
    text = str(days)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= DAYS_MAX:
        raise bad_request(f"Bad Request: days must be from 1 to {DAYS_MAX}")
    return now - timedelta(days=int(text))


def _transaction(booked: BrokerageExecution, conid: int, description: str) -> dict[str, Any]:
    execution = booked.execution
    at = execution.executed_at.astimezone(EXCHANGE_TIME_ZONE)
    return {
        "date": f"{at:%a %b %d} 00:00:00 {at:%Z %Y}",
        "cur": execution.instrument.currency,
        "fxRate": 1,
        "pr": execution.price,
        "qty": execution.side.sign * execution.quantity,
        "acctid": execution.broker_account.account_id,
        "amt": to_cents(execution.cash_flow.amount),
        "conid": conid,
        "type": "Buy" if execution.side is Side.BUY else "Sell",
        "desc": description,
    }


def _realised(found: Sequence[BrokerageExecution], conid: int) -> dict[str, Any]:
    days: dict[tuple[str, str], Decimal] = {}
    for booked in found:
        profit = booked.commission.realised_pnl
        if profit is not None:
            day = day_text(exchange_date(booked.execution.executed_at))
            key = day, booked.execution.broker_account.account_id
            days[key] = days.get(key, _ZERO) + profit.amount
    rows = [
        {
            "date": day,
            "cur": "USD",
            "fxRate": 1,
            "side": "L" if amount < 0 else "G",
            "acctid": account_id,
            "amt": f"{amount:.2f}",
            "conid": str(conid),
        }
        for (day, account_id), amount in days.items()
    ]
    return {"data": rows, "amt": f"{sum(days.values(), _ZERO):.2f}"}


def _values(call: Call, accounts: Sequence[BrokerAccount]) -> tuple[NavPoint, ...]:
    history = call.portal.store(NavHistory)
    return consolidated([history.values(account) for account in accounts])


def _frame(request: str, accounts: Sequence[BrokerAccount], points: int) -> dict[str, Any]:
    return {
        "currencyType": "base",
        "rc": 0,
        "nd": points,
        "id": request,
        "included": [account.account_id for account in accounts],
        "pm": "TWR",
    }


def _name(accounts: Sequence[BrokerAccount]) -> str:
    return ",".join(account.account_id for account in accounts)


def _of_analyst(path: str, handler: Any, limit: str | None) -> Endpoint:
    return Endpoint("POST", path, handler, tier=Tier.OUTER, limit=limit)


ENDPOINTS = (
    _of_analyst("/pa/performance", _performance, "pa performance"),
    _of_analyst("/pa/allperiods", _all_periods, None),
    _of_analyst("/pa/summary", _summary, "pa summary"),
    _of_analyst("/pa/transactions", _transactions, "pa transactions"),
)
