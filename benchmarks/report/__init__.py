"""How fast recordings and logs are read, beside the least that any reader must do, measured in the same run."""
