"""asyncspy: which line of your code runs async-unsafe Django on the event loop."""

__version__ = "0.1.0"
