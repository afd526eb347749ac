"""Lay out reports, comparisons and tables for a terminal."""
