"""Training of a model on a data set: settings (no torch), loop, checkpoints.

This file imports no torch: the stage ``check`` reads the settings in this folder.
"""
