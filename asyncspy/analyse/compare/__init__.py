"""Two analyses of one app compared."""
