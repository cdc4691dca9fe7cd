# This lesson solves itself.

