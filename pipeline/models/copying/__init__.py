"""An LSTM that looks back over all that was said and can repeat it."""
