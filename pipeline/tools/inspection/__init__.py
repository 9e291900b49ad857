"""Inspection of outputs: nothing here writes an output or is imported by a stage."""
