"""Where the object is: boxes and masks that people have drawn, brought to the pixels that the model sees."""
