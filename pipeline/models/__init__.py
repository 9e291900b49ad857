"""One folder per kind of model, and their shared parts (base)."""
