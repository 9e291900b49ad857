"""Chapter Method: definitions of the figures, and how to reproduce the page."""
