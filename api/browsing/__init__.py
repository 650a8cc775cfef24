"""What the interface answers, as pages for a reader: made from the same documents that programs get."""
