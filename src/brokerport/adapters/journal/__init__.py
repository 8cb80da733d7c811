"""Journals: in memory, and in a database."""
