"""Between the world's values and the JSON that IBKR's web API writes."""
