"""The cost of crossing between event loop and threads."""
