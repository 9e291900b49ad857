"""An LSTM over steps that predicts the missing voices of each step: it harmonizes."""
