"""Encode grids as token shards, and write the data card."""
