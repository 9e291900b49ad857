"""An LSTM with a copy mechanism: it can repeat earlier symbols of the piece."""
