"""What a report says, in sentences and figures that every format shares."""
