"""Use cases between the domain and the ports: placing orders, keeping a session, telling events."""
