"""Adding a folder of scores to params.yaml."""
