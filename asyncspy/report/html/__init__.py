"""Lay out reports and comparisons as one HTML file that opens anywhere, offline, and is readable without scripts."""
