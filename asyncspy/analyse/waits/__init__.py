"""What blocks the event loop, and full thread pools."""
