"""The networks of molecules that ship with the package: weights, model card, training script."""
