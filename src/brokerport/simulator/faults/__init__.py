"""Faults as data: a seeded plan, a proxy that plays it on a network, and misbehaving gateways."""
