"""The engine: networks rewritten so that they compute the same in less time, and memory that is used again."""
