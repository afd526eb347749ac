"""Count calls inside workers: hooks are installed, kept, and give their counts."""
