"""The network that ships with the package: weights, labels, model card, training script."""
