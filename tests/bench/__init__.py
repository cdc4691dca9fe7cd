"""Figures of SPECIFICATION.md: each beside a floor of the same run. `python -m tests.bench --help`."""
