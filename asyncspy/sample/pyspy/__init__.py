"""The py-spy program: its command line, its runs, its dumps, and the watchdog over it."""
