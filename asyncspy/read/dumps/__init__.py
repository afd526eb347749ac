"""Readers of py-spy's stack dumps."""
