"""The simulated exchange: instruments, quotes, matching and the trading calendar; no accounts."""
