"""IBKR's message codes: one table that says what each means, and what it does to an order.

Sources: IBKR's TWS API "Message Codes" page for the meanings (system 1100-1300, warning 2100-2169,
client 501-599, TWS 100-449 and 10000 upwards), and docs on the wire protocol, section 5, for what
follows on an order. The rules by which it is read stand in ``code_table``.
"""

from __future__ import annotations

from brokerport.adapters.tws.code_table import CodeTable
from brokerport.config.tws_codes import Code, OrderMeaning, Scope, Verdict


def _notices(scope: Scope, *entries: tuple[int, str]) -> tuple[Code, ...]:
    return tuple(Code(number, meaning, scope, Verdict.NOTICE) for number, meaning in entries)


def _retryable(scope: Scope, *entries: tuple[int, str]) -> tuple[Code, ...]:
    return tuple(Code(number, meaning, scope, Verdict.RETRYABLE) for number, meaning in entries)


def _final(scope: Scope, on_order: OrderMeaning, *entries: tuple[int, str]) -> tuple[Code, ...]:
    return tuple(
        Code(number, meaning, scope, Verdict.FINAL, on_order) for number, meaning in entries
    )


CODES = CodeTable(
    (
        # The line between TWS and IBKR, and the state of its data farms.
        *_notices(
            Scope.SESSION,
            (1100, "connectivity between IBKR and TWS has been lost"),
            (1101, "connectivity restored, data lost: subscribe again"),
            (1102, "connectivity restored, data kept"),
            (1300, "the socket port was reset: connect to the new one"),
            (2100, "another client took the account data subscription"),
            (2103, "a market data farm is disconnected"),
            (2104, "a market data farm connection is OK"),
            (2105, "a historical data farm is disconnected"),
            (2106, "a historical data farm connection is OK"),
            (2107, "a historical data farm is inactive but available on demand"),
            (2108, "a market data farm is inactive but available on demand"),
            (2110, "connectivity between TWS and its server is broken; it heals by itself"),
            (2119, "a market data farm is connecting"),
            (2157, "the security definition farm is disconnected"),
            (2158, "the security definition farm connection is OK"),
        ),
        *_retryable(
            Scope.SESSION,
            (100, "the maximum rate of messages per second was exceeded"),
            (326, "the client id is in use"),
            (504, "a client's own: not connected"),
        ),
        *_final(
            Scope.SESSION,
            OrderMeaning.WARNING,
            (327, "only client 0 may bind manual orders"),
            (501, "a client's own: it is connected already"),
            (502, "a client's own: it could not connect to TWS"),
            (503, "a client's own: TWS is out of date"),
            (505, "a client's own: the message is of an unknown kind"),
            (506, "a client's own: the version is not supported"),
            (507, "a client's own: the message's length is not possible"),
        ),
        # Reads.
        *_notices(
            Scope.REQUEST,
            (165, "the historical data service says something of a query"),
            (300, "there is no request with that id to cancel"),
            (10090, "part of the market data asked for is not subscribed; the rest comes"),
            (10167, "not subscribed; delayed market data is shown"),
        ),
        *_retryable(
            Scope.REQUEST,
            (101, "the maximum number of market data lines is reached"),
            (162, "the historical data service has no data, or is paced"),
            (322, "the server failed on the request, such as a third account summary"),
            (366, "no such historical query"),
            (10197, "no market data while another session competes for it"),
        ),
        *_final(
            Scope.REQUEST,
            OrderMeaning.WARNING,
            (102, "the request id is in use"),
            (320, "the server could not read the request"),
            (323, "the server could not answer the request"),
            (354, "market data is not subscribed"),
            (420, "the real-time query is invalid"),
            (10089, "market data needs a further subscription for the API"),
            (10168, "not subscribed, and delayed market data is off"),
            (10186, "not subscribed, and delayed market data is not available"),
        ),
        # Orders: refused, new or working.
        *_final(
            Scope.ORDER,
            OrderMeaning.REFUSED,
            (201, "the order is rejected"),
            (203, "the security is not available or allowed for this account"),
        ),
        # Orders: what can only greet a new order or new terms.
        *_final(
            Scope.ORDER,
            OrderMeaning.ENTRY_REFUSED,
            (103, "the order id is a duplicate"),
            (105, "the order being changed does not match the original"),
            (106, "the order id cannot be transmitted"),
            (107, "an incomplete order cannot be transmitted"),
            (109, "the price is outside the percentage set in the order defaults"),
            (110, "the price does not conform to the minimum price variation"),
            (111, "time in force and order type are incompatible"),
            (113, "MOC and LOC orders are for the day"),
            (116, "the exchange is dead"),
            (132, "there is no clearing account"),
            (133, "the new order could not be submitted"),
            (144, "the order size does not match the allocation"),
            (145, "an entry field is invalid"),
            (152, "the hidden attribute does not fit the order"),
            (154, "the security is halted"),
            (163, "the price would violate the percentage constraint"),
            (164, "there is no market data to check the price's percentage with"),
            (200, "no security definition, or more than one, fits"),
            (321, "the server's validation refused it, also in a read-only session"),
            (325, "the discretionary attribute does not fit the order type"),
            (355, "the order size does not conform to the market rule"),
            (383, "the size exceeds the size limit in the order defaults"),
            (387, "the order type is not supported on this exchange"),
            (388, "the order size is below the minimum"),
            (412, "the contract is not available for trading"),
            (434, "the order size cannot be zero"),
            (435, "an account must be given"),
            (436, "an allocation must be given"),
            (438, "the application is locked"),
            (439, "the algorithm's definition was not found"),
            (10052, "the time in force is invalid"),
            (10149, "the order id is invalid"),
            (10243, "a fractional quantity cannot be placed"),
            (10268, "the eTradeOnly attribute is not supported"),
            (10269, "the firmQuoteOnly attribute is not supported"),
            (10318, "the order does not support a fractional quantity"),
        ),
        # Orders: a change or a cancel refused; the order is what it was.
        *_final(
            Scope.ORDER,
            OrderMeaning.REPLACE_REFUSED,
            (104, "a filled order cannot be changed"),
            (134, "the order could not be changed"),
            (329, "the order's type cannot be changed to that"),
            (2102, "the order is still being processed and cannot be changed"),
        ),
        *_final(
            Scope.ORDER,
            OrderMeaning.CANCEL_REFUSED,
            (136, "this order cannot be cancelled"),
            (161, "the order is not in a state to be cancelled"),
            (10148, "the order to cancel is in a state that forbids it"),
        ),
        *_final(
            Scope.ORDER,
            OrderMeaning.NOT_FOUND,
            (135, "no order has that id"),
            (10147, "the order to cancel was not found"),
        ),
        Code(202, "the order is cancelled", Scope.ORDER, Verdict.FINAL, OrderMeaning.CANCELLED),
        # Orders: words about one that stays as it is.
        *_notices(
            Scope.ORDER,
            (131, "sweep-to-fill and display size are ignored here"),
            (399, "a message about the order"),
            (404, "the shares to sell short are being located; the order is held"),
            (2109, "the attribute for outside trading hours is ignored"),
            (2137, "the order would cross sides"),
            (10164, "traders are responsible for cash quantities"),
            (10311, "the order is routed directly, which may cost more"),
            (10349, "the time in force was set by a preset"),
        ),
    )
)
