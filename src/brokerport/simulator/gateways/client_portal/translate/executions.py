"""An execution as Client Portal tells it: a row of the trades, and of the ``str`` topic."""

from __future__ import annotations

from typing import Any

from brokerport.domain.instruments import Option
from brokerport.simulator.brokerage.orders import BrokerageExecution
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.gateways.client_portal.translate.option_words import number_text
from brokerport.simulator.gateways.client_portal.translate.order_texts import (
    contract_text,
    listing_exchange,
    price_text,
    verb_text,
)
from brokerport.simulator.gateways.client_portal.translate.orders import routed_contract
from brokerport.simulator.gateways.client_portal.translate.times import (
    epoch_milliseconds,
    long_time,
)
from brokerport.simulator.gateways.exchanges import SMART

_CLEARED_BY = "IB"


def trade(
    booked: BrokerageExecution, listing: Listing, *, submitter: str, exchange: str = SMART
) -> dict[str, Any]:
    """Return an execution's row.

    ``submitter`` is the username whose gateway tells it; ``net_amount`` is price times size times
    multiplier, without the commission.
    """
    execution = booked.execution
    instrument, account = execution.instrument, execution.broker_account.account_id
    details = listing.details(instrument)
    size, price = number_text(execution.quantity), price_text(execution.price)
    verb = verb_text(execution.side, is_done=True)
    row = {
        "execution_id": execution.execution_id,
        "symbol": instrument.symbol,
        "supports_tax_opt": "1",
        "side": execution.side.value[0],
        "order_description": f"{verb} {size} @ {price} on {exchange}",
        "trade_time": long_time(execution.executed_at),
        "trade_time_r": epoch_milliseconds(execution.executed_at),
        "size": execution.quantity,
        "price": price,
        "order_ref": execution.order_reference,
        "submitter": submitter,
        "exchange": exchange,
        "commission": price_text(booked.commission.amount.amount),
        "net_amount": execution.price * execution.quantity * instrument.multiplier,
        "account": account,
        "accountCode": account,
        "account_allocation_name": account,
        "company_name": details.long_name,
        "contract_description_1": instrument.symbol,
        "contract_description_2": contract_text(instrument),
        "sec_type": "OPT" if isinstance(instrument, Option) else "STK",
        "listing_exchange": listing_exchange(instrument, listing),
        "conid": details.contract_id,
        "conidEx": routed_contract(details.contract_id, exchange),
        "clearing_id": _CLEARED_BY,
        "clearing_name": _CLEARED_BY,
        "liquidation_trade": "0",
        "is_event_trading": "0",
        "order_id": execution.perm_id,
    }
    return {name: value for name, value in row.items() if value is not None}
