"""The use cases: typed options in, typed results out; progress goes to a `Feedback`, nothing is printed."""
