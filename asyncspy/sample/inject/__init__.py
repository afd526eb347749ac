"""Make a live CPython 3.9 to 3.13 run a file by writing one pending call into its memory (`docs/inject.md`)."""
