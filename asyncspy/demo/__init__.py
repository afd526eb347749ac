"""A real Django shop with planted faults, its server and its load."""
