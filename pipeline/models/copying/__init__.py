"""An LSTM with a copy mechanism: it can repeat earlier tokens of the piece."""
