"""Tests of the Client Portal gateway: in process, over sockets, and under bad requests."""
