"""Signing in by an OpenID Connect provider: what it is asked, and what is made of what it says."""
