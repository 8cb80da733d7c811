"""The pure core: what a trader means by instrument, order, execution, position and account.

Rules of this package, held by tests/architecture: only attrs and the standard library, no input or
output, no asyncio, no clock, no random numbers. Values are frozen; money, prices and quantities are
``Decimal``; times are timezone-aware UTC.
"""
