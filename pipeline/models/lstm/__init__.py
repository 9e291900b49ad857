"""An encoder-decoder LSTM, with or without attention over the source."""
