"""IBKR's message codes, in one table that refuses duplicates.

Numbers and wording follow IBKR's "Message Codes" page of the TWS API documentation and the shared
page "TWS API wire protocol", section 5. The part in braces is filled in with the case at hand.

Which code for what the simulator cannot do: 322 ("Error processing request") for a request, since
ib_async ends a request on 322 but leaves it waiting for ever on 321; 387 for an order type and 145
for another attribute of an order, since clients take both as "this order is dead".
"""

from __future__ import annotations

from attrs import frozen


@frozen
class MessageCode:
    """One of IBKR's codes with its wording."""

    number: int
    text: str

    def message(self, **details: object) -> str:
        """Return the wording with its details filled in."""
        return self.text.format(**details)


_TABLE: dict[int, MessageCode] = {}


def _code(number: int, text: str) -> MessageCode:
    if number in _TABLE:
        raise ValueError(f"code {number} is in the table already: {_TABLE[number].text!r}")
    _TABLE[number] = MessageCode(number, text)
    return _TABLE[number]


# --- the connection ------------------------------------------------------------------------------
MAX_RATE_EXCEEDED = _code(
    100, "Max rate of messages per second has been exceeded:max={limit} rec={received} ({count})"
)
UNREADABLE_REQUEST = _code(320, "Error reading request. {cause}")
INVALID_REQUEST = _code(321, "Error validating request.-'{field}' : cause - {cause}")
CANNOT_PROCESS = _code(322, "Error processing request.-'{field}' : cause - {cause}")
CLIENT_ID_IN_USE = _code(
    326, "Unable to connect as the client id is already in use. Retry with a unique client id."
)
AUTO_BIND_NEEDS_CLIENT_0 = _code(
    327,
    "Only API connections with clientId set to 0 can set the auto bind TWS orders property.",
)
MARKET_DATA_FARM_OK = _code(2104, "Market data farm connection is OK:{farm}")
HISTORICAL_FARM_OK = _code(2106, "HMDS data farm connection is OK:{farm}")
SECURITY_DEFINITION_FARM_OK = _code(2158, "Sec-def data farm connection is OK:{farm}")

# --- accounts ------------------------------------------------------------------------------------
ACCOUNT_UNSUBSCRIBED = _code(
    2100, "New account data requested from TWS.  API client has been unsubscribed from {account}."
)

# --- contracts -----------------------------------------------------------------------------------
NO_SECURITY_DEFINITION = _code(200, "No security definition has been found for the request{detail}")
AMBIGUOUS_CONTRACT = MessageCode(
    200, "The contract description specified for {symbol} is ambiguous."
)
NO_MARKET_RULE = _code(124, "No market rule is available for conid:{rule}")
CONTRACT_CONFLICT = _code(
    478,
    "Parameters in request conflicts with contract parameters received by contract id: "
    "requested {requested}, in contract {found}",
)

# --- orders --------------------------------------------------------------------------------------
DUPLICATE_ORDER_ID = _code(103, "Duplicate order id")
MODIFY_FILLED = _code(104, "Cannot modify a filled order.")
MODIFY_MISMATCH = _code(
    105, "Order being modified does not match the original order. {field} cannot be changed"
)
UNSUPPORTED_ATTRIBUTE = _code(145, "Error in validating entry fields - {cause}")
INVALID_ACTION = _code(303, "Invalid action:{action}")
ORDER_CANCELLED = _code(202, "Order Canceled - reason:{reason}")
UNSUPPORTED_ORDER_TYPE = _code(
    387, "Unsupported order type for this exchange and security type.{detail}"
)
INVALID_TIME_IN_FORCE = _code(10052, "Invalid time in force:{time_in_force}")
WHAT_IF_NEEDS_TRANSMIT = _code(413, "What-if order should have the transmit flag set to true.")
ZERO_SIZE = _code(434, "The order size cannot be zero.")
MISSING_ACCOUNT = _code(435, "You must specify an account.")
CANNOT_TRANSMIT_INCOMPLETE = _code(107, "Cannot transmit incomplete order.{detail}")
ORDER_TO_CANCEL_NOT_FOUND = _code(
    10147, "OrderId {order_id} that needs to be cancelled is not found."
)
ORDER_CANNOT_BE_CANCELLED = _code(
    10148, "OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {state}."
)
INVALID_ORDER_ID = _code(10149, "Invalid order id: {order_id}")
E_TRADE_ONLY_IGNORED = _code(2168, "Warning: The 'EtradeOnly' order attribute is not supported.")
FIRM_QUOTE_ONLY_IGNORED = _code(
    2169, "Warning: The 'FirmQuoteOnly' order attribute is not supported."
)

# --- market data ---------------------------------------------------------------------------------
MAX_TICKERS = _code(101, "Max number of tickers has been reached")
DUPLICATE_TICKER_ID = _code(102, "Duplicate ticker id")
NO_SUCH_TICKER = _code(300, "Can't find EId with tickerId:{request_id}")
NO_SUCH_DEPTH = _code(310, "Can't find the subscribed market depth with tickerId:{request_id}")
NOT_SUBSCRIBED = _code(
    354, "Requested market data is not subscribed. Delayed market data is available."
)
SNAPSHOT_WITH_GENERIC_TICKS = _code(
    414, "Snapshot market data subscription is not applicable to generic ticks"
)
PARTLY_SUBSCRIBED = _code(
    10090,
    "Part of requested market data is not subscribed. Subscription-independent ticks are still "
    "active. Not simulated: {ticks}",
)
DEPTH_NOT_SUPPORTED = _code(
    10092,
    "Deep market data is not supported for this combination of security type/exchange",
)
DELAYED_DATA_SHOWN = _code(
    10167, "Requested market data is not subscribed. Displaying delayed market data."
)
TICK_BY_TICK_FAILED = _code(10189, "Failed to request tick-by-tick data:{cause}")
MAX_TICK_BY_TICK = _code(10190, "Max number of tick-by-tick requests has been reached.")

# --- history -------------------------------------------------------------------------------------
HISTORICAL_DATA_ERROR = _code(162, "Historical Market Data Service error message:{cause}")
NO_SUCH_HISTORICAL_QUERY = _code(366, "No historical data query found for ticker id:{request_id}")
INVALID_REAL_TIME_QUERY = _code(420, "Invalid Real-time Query:{cause}")
