"""Shared by tests: namespaces of their own, a real server, and what must not be left behind."""
