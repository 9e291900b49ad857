"""A trained experiment measured beside its baselines, and its continuations to look at and hear.

This file imports no torch: the stage ``check`` reads the settings beside it.
"""
