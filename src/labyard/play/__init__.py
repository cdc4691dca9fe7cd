"""One play in values: what will exist (plan), what is (status), how to talk with it (streams). No I/O."""
