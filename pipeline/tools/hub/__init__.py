"""Folders for the Hugging Face Hub: data sets and models."""
