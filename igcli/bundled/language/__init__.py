"""The language model that ships with the package: weights, words, model card, training script."""
