"""Layers that networks of several kinds share."""
