"""Shared parts of all models: interface, registry, examples, batches, layers, trained weights."""
