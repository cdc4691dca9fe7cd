"""Bots that prove content: they start plays, carry out authors' solutions, and look whether the checks agree."""
