"""Vectorized operations on columns of lists: ragged arrays, chunks, skyline, n-grams."""
