"""Texts: from a string to a sample, and the models that explain them."""
