"""The nouns that every room shares: frozen, free of I/O; `Profile` is what readers make and analysis takes."""
