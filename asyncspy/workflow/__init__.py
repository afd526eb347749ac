"""The use cases, one module each: typed options in, typed results out.

They print nothing and know no command line: what happens while they run goes to a `Feedback`, and live processes are
reached through a `Machine`, for both of which a caller can give its own.
"""
