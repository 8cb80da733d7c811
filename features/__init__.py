"""Features in the words of the domain, run on every adapter."""
