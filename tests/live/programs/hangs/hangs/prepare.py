"""Run once before serving: there is nothing to prepare."""
