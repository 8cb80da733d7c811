"""The TWS adapter: every port over TWS or IB Gateway's socket, through ib_async's client."""
