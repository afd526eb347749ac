"""Lines of source code, live or saved, and which distribution a file belongs to."""
