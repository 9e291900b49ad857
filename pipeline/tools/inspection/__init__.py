"""Looking at what the stages made: nothing here writes an output or is imported by a stage."""
