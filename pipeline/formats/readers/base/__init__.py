"""What the readers share: a staff's notes, bar lines, repeats, limits."""
