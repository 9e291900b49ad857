"""Shared by all stages: exact music, vocabulary, tables, accounting, settings, files."""
