"""Readers of stack dumps by py-spy."""
