"""How much of the package one report goes through, whether its reports stay the same, and whether its rules hold."""
