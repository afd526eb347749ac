"""Decide whether a process may be attached to, and if not, which command makes it possible."""
