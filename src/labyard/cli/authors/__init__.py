"""Verbs of `labyard content` for who writes it: from an empty folder to the catalog of a server."""
