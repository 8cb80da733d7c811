"""The simulated exchange and broker that stands behind IBKR's own wire protocols."""
