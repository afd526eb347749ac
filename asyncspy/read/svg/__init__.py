"""Readers of flame graphs drawn as SVG."""
