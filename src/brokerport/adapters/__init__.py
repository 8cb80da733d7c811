"""Adapters: each speaks one broker API behind the ports; none knows another."""
