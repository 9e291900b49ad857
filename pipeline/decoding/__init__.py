"""Scoring, sampling, continuing and harmonizing with a trained model."""
