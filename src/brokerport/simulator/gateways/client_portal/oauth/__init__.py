"""OAuth 1.0a and 2.0 as IBKR's web API has them, with test keys of the gateway's own making."""
