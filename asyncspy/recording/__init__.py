"""The saved form of a run: written by `sample`, read by `read`."""
