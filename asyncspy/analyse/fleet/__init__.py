"""Recordings of several workers, hosts or modes judged as one."""
