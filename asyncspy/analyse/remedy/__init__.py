"""Propose what to change: the call that replaces another, and the edited line."""
