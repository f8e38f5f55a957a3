"""Evaluating maps over many photos: cards of what was measured, maps kept for the next metric, tables of all."""
