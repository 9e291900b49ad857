"""Using a trained model: continue a prompt, harmonize a score."""
