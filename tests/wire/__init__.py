"""Tests of the wire codecs: back to back, against foreign clients, and under garbage."""
