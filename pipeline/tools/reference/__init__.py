"""Reference documentation that is generated from the code."""
