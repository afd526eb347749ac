"""What runs inside a worker once `--exact` asked for it; it imports nothing of the rest, and little of anything."""
