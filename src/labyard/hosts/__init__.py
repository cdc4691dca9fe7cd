"""Where engines are: the contract, and its implementations."""
