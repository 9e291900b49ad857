"""What all models share: interface, registry, examples, batches, layers, trained weights."""
