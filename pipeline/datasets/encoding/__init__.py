"""Grids to token shards, with the data card."""
