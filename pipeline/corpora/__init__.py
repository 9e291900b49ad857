"""Corpora: the catalogue, downloads (sources) and reading into notes tables (parsing)."""
