"""The TWS API wire protocol for client and server, at negotiated versions 157 to 178."""
