"""Which protocol versions we speak, and at which version each layout changed.

Rules: the server announces min(client's maximum, 178) and closes if that is below 157 or below
the client's minimum; it never announces more than the client's maximum, because clients check no
upper bound. At 178 and below every known client speaks text.
Source: shared reference page "TWS API wire protocol", section 2; the official client's list of
server versions names the same numbers.
"""

from __future__ import annotations

MIN_VERSION = 157
MAX_VERSION = 178

DURATION = 158
"""placeOrder and openOrder carry `duration`.

Official clients read it in openOrder from 158 on, ib_async from 159 on; the reference page follows
ib_async. At 158 the field is the last one of openOrder, and ib_async ignores what is left over
while an official client dies of a missing field, so the field is there.
"""
POST_TO_ATS = 160
"""placeOrder and openOrder carry `postToAts`."""
AUTO_CANCEL_PARENT = 162
"""placeOrder and openOrder carry `autoCancelParent`."""
SIZE_MIN_TICK = 163
"""contractData carries `sizeMinTick`, for this one version."""
SIZE_RULES = 164
"""contractData drops its version field, `mdSizeMultiplier` and `sizeMinTick`, adds three sizes."""
ADVANCED_ORDER_REJECT = 166
"""placeOrder carries `advancedErrorOverride`; error carries `advancedOrderRejectJson`."""
MANUAL_ORDER_TIME = 169
"""placeOrder carries `manualOrderTime`; cancelOrder carries `manualOrderCancelTime`."""
PEG_BEST_PEG_MID_OFFSETS = 170
"""placeOrder has a conditional tail; openOrder and completedOrder carry five more fields."""
INSTRUMENT_TIME_ZONE = 174
"""Times of an instrument name their time zone."""
BOND_ISSUER_ID = 176
"""reqContractDetails carries `issuerId`; symbolSamples carries `description` and `issuerId`."""
FA_PROFILE_DROPPED = 177
"""placeOrder, openOrder and completedOrder no longer carry `faProfile`."""
PENDING_PRICE_REVISION = 178
"""execDetails carries `pendingPriceRevision`."""


def negotiate(client_min: int, client_max: int) -> int | None:
    """Return the version to announce to a client, or None if there is no common version.

    The answer is the client's maximum, at most 178; None if that is below 157 or below the
    client's own minimum.
    """
    version = min(client_max, MAX_VERSION)
    if version < MIN_VERSION or version < client_min:
        return None
    return version
