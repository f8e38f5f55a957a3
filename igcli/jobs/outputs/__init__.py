"""Writers of files: what each command writes of one photo or of many, and the record of it."""
