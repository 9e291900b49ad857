"""Independent readers as judges of ours: what they are given, what they find, and why they differ."""
