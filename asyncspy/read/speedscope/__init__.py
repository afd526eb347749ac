"""Readers of speedscope documents."""
