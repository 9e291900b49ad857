"""An encoder-decoder transformer with relative positions."""
