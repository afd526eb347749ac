"""The types that all rooms share, frozen and without I/O: readers produce a `Profile`, analysis an `Analysis`."""
