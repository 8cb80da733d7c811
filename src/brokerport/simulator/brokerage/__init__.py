"""The simulated broker: accounts, margin, commissions, order acceptance, booking and expiry.

It stands between its customers (whatever door they come through) and the exchange, and knows no
wire. All of it is synchronous and deterministic: the same seed and calls give the same run.
"""
