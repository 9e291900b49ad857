"""Metrics, one file per kind."""
