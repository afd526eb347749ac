"""Judge single stacks and frames: in which world they run, whose code they are, which frames prove a query."""
