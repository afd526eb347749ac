"""What a single stack or frame means: which world, whose code, which call."""
