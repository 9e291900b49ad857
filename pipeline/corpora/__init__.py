"""Corpora: the catalogue, downloading (sources) and reading into notes tables (parsing)."""
