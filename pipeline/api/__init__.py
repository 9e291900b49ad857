"""The public Python API; ``pipeline`` exports its names."""
