"""What is known of packages is compared with what is installed."""
