"""Clocks that an installed system runs on."""
