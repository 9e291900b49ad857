"""Voice-leading costs in nats, subtracted from a model's logits while several voices are decoded."""
