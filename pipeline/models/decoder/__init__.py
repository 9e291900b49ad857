"""A decoder-only LSTM, as in BachBot."""
