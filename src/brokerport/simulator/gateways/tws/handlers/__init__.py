"""The answers to requests, by topic; each module's HANDLERS maps a request to its function."""
