"""``brokerport paper``: a week of the wheel on three accounts, traded through ``Broker``.

command   the options, and what the exit code means
policy    what each role trades: data
wheel     one account's strategy: which option to sell, when to buy it back
worker    one order worked in the market: asked, improved, withdrawn
books     what the client believes, from the event stream alone
week      the lock-step of strategy and simulated time
display   what a person sees
"""
