"""The Client Portal gateway: a world behind IBKR's own web API, REST and WebSocket."""
