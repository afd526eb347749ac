"""What is known of the packages that projects install: which middleware is sync-only, which release fixes what."""
