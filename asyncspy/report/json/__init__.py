"""JSON reports: versioned contracts."""
