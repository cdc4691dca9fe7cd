"""Bash, as far as it must be understood to know where in a script a reference stands. Reads text, runs nothing."""
