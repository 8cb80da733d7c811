"""The Client Portal adapter: IBKR's REST and WebSocket API behind brokerport's ports."""
