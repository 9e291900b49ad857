"""An LSTM over steps that says all voices of a step: it harmonizes."""
