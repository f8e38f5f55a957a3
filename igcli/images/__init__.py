"""A file becomes the pixels that the model will see, read safely."""
