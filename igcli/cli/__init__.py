"""The command line: one small module per command. Parses, calls, prints; no science, no drawing."""
