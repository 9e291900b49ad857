"""Training a model on a data set: settings (no torch), the loop, and what is saved.

This file imports no torch: the stage ``check`` reads the settings beside it.
"""
