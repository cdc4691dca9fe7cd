"""Labyard: self-hosted hands-on labs on real machines."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("labyard")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+source"
