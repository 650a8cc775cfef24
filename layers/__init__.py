"""What the data are: definitions, formats, coordinate systems, validation and the store."""
