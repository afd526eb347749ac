"""What `watch` draws on a terminal, and the keys that it listens to."""
