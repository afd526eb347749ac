"""May a process be attached to, and if not, the command that makes it possible."""
