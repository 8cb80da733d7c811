"""The broker's refusals, with IBKR's codes (TWS API, "Message Codes").

| code  | when                                                     | after it                    |
|-------|----------------------------------------------------------|-----------------------------|
| 104   | replacing an order that is not open                      | the order is what it was    |
| 105   | replacing with a total below what has filled             | the order is what it was    |
| 110   | a price is off tick                                      | no order, or the old terms  |
| 161   | cancelling a filled order                                | the order is what it was    |
| 200   | the instrument is not listed, or has expired             | no order                    |
| 201   | not enough funds, or the account may not (short selling) | INACTIVE, or the old terms  |
| 321   | the account is unknown, the request makes no sense       | no order                    |
| 383   | the quantity is over the size limit                      | no order, or the old terms  |
| 434   | the quantity is zero or less                             | no order, or the old terms  |
| 10147 | replacing or cancelling an order nobody knows            | nothing                     |
| 10148 | cancelling an order that is cancelled or inactive        | the order is what it was    |
| 10243 | a fractional quantity                                    | no order, or the old terms  |
"""

from __future__ import annotations

from brokerport.domain.errors import BrokerRefusal

NOT_MODIFIABLE = 104
MODIFY_MISMATCH = 105
OFF_TICK = 110
NOT_CANCELLABLE = 161
NO_CONTRACT = 200
REJECTED = 201
CANCELLED = 202
VALIDATION = 321
SIZE_LIMIT = 383
ZERO_SIZE = 434
ORDER_NOT_FOUND = 10147
WRONG_STATE_TO_CANCEL = 10148
FRACTIONAL_SIZE = 10243


class OrderRefused(BrokerRefusal):
    """The broker refused a request; ``code`` is IBKR's and ``reason`` its words."""

    code: int

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason, code)
