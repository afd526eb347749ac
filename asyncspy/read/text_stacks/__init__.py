"""Readers of stacks written as lines of text."""
