"""Evaluation of a trained model and its baselines: figures, samples as scores, attention.

This file imports no torch: the stage ``check`` reads the settings in this folder.
"""
