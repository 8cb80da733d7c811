"""The pure parts of the Client Portal adapter."""
