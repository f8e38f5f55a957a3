"""The heart: path, baseline, quadrature, sweep, methods. Knows tensors and classifiers, not files or drawings."""
