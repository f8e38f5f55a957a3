"""Metrics and protocols that say how good a map is."""
