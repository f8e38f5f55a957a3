"""Paths, baselines, quadrature, the sweep and the methods: tensors and models, no files and no drawings."""
