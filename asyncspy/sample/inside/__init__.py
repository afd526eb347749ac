"""Count calls inside workers: start a hook in each, read its counts, and remove it again."""
