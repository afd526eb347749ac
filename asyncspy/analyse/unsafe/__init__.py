"""Async-unsafe calls on the event loop."""
