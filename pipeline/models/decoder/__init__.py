"""An LSTM that only says what comes next, as BachBot's."""
