"""Which process serves what: the process table to `Worker`s."""
