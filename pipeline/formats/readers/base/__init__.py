"""Shared parts of the readers: the notes of a staff, bar lines, repeats, limits."""
