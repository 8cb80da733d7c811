"""Wire protocols of Interactive Brokers: translation between bytes and values, no sockets."""
