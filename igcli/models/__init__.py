"""A name becomes a Classifier: networks, their weights and their labels."""
