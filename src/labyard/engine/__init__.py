"""The plays on this box: start, ready, init tasks, stop, adopt, sweep. Knows no users and no database."""
