"""Tune families: pieces that share a melody."""
