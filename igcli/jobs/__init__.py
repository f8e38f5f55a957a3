"""Many files: what to read, what to write, and a record of what was done."""
