"""From findings to a patch of the user's own code: what is certain is edited, all else is left to a person in words."""
