"""The command line: an HTTP client like everyone else, and the few verbs that are about this box.

Stdout is data, stderr is talk. Modules of verbs are loaded only when asked for (`main.py`), so that `exec` stays quick.
"""
