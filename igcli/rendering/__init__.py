"""Pixels and attributions become pictures. Draws; never writes a file."""
