"""A transformer: attention alone, over the source and over what was said."""
