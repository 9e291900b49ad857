"""One folder per kind of model, and what all of them share (base)."""
