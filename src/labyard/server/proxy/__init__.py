"""Ports of machines, each at an origin of its own."""
