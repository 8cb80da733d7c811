"""The ports: what brokerport asks of a broker, one concern each, as Protocols.

An adapter implements them all for one broker API. Rules every adapter keeps, held by the contract
suite in tests/contract:

- results are domain values; no vendor type, word or "unset" number passes;
- a failed read raises (``RequestTimedOut``, ``RequestRefused``, ``TemporarilyRefused``,
  ``NotConnected``); it is never an empty answer;
- placing, replacing and cancelling return when the request has been handed over, and everything
  that becomes of it comes as reports to the listener;
- a request whose fate is unknown raises ``OrderInDoubt``, and is never sent twice.
"""
