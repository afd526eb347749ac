"""Find out which process serves what, from command lines and /proc."""
