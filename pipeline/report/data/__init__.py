"""Chapter Data: sources, rejected pieces, distributions, splits, and a browser of all pieces."""
