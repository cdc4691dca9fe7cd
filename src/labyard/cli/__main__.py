"""`python -m labyard.cli`, the same as `labyard`."""

from labyard.cli.main import main

main()
