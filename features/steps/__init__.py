"""Steps: plain functions that drive the trading floor's event loop; pytest-bdd awaits nothing."""
