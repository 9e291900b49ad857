"""Chapter Method: how the figures are defined, and how to reproduce the page."""
