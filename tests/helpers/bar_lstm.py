"""A bidirectional LSTM that predicts the chord of each bar; for ``tests.benchmarks.chords``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from pipeline.models.base.chord_numbers import N_CHORDS, UNKNOWN
from tests.helpers.bar_chords import TuneBars

HIDDEN, DROPOUT, LEARNING_RATE, TUNES_A_BATCH, PATIENCE, MOST_EPOCHS = 64, 0.3, 0.003, 16, 5, 40
FEATURES = 12 + 13  # pitch-class histogram, pitch class on the first step


class BarLstm(nn.Module):
    """Logits of the chord of each bar given all bars."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(FEATURES, HIDDEN, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(2 * HIDDEN, N_CHORDS)

    def forward(self, bars: Tensor) -> Tensor:
        """(B, N, N_CHORDS) of features (B, N, FEATURES)."""
        logits: Tensor = self.output(self.dropout(self.lstm(bars)[0]))
        return logits

    def predict(self, tune: TuneBars) -> NDArray[np.int64]:
        """(N,) the most probable chord of each bar."""
        self.eval()
        with torch.inference_mode():
            logits = self(_features(tune)[None])[0]
        known: NDArray[np.int64] = UNKNOWN + 1 + logits[:, UNKNOWN + 1 :].argmax(-1).numpy()
        return known


def fit_bar_lstm(train: Sequence[TuneBars], valid: Sequence[TuneBars], seed: int) -> BarLstm:
    """Train until the validation loss has not fallen for PATIENCE epochs; the best weights are kept."""
    torch.manual_seed(seed)
    model, rng = BarLstm(), np.random.default_rng(seed)
    optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    best, weights, waited = np.inf, model.state_dict(), 0
    for _ in range(MOST_EPOCHS):
        model.train()
        order = rng.permutation(len(train))
        for begin in range(0, len(order), TUNES_A_BATCH):
            loss = _loss(model, [train[i] for i in order[begin : begin + TUNES_A_BATCH]])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        model.eval()
        with torch.inference_mode():
            found = float(_loss(model, valid))
        waited += 1
        if found < best:
            best, waited = found, 0
            weights = {name: weight.clone() for name, weight in model.state_dict().items()}
        if waited == PATIENCE:
            break
    model.load_state_dict(weights)
    return model


def _features(tune: TuneBars) -> Tensor:
    return torch.from_numpy(np.hstack([tune.histogram, np.eye(13)[tune.downbeat]])).float()


def _loss(model: BarLstm, tunes: Sequence[TuneBars]) -> Tensor:
    bars = pad_sequence([_features(tune) for tune in tunes], batch_first=True)
    chords = pad_sequence([torch.from_numpy(tune.chord) for tune in tunes], batch_first=True)
    return functional.cross_entropy(model(bars).flatten(0, 1), chords.flatten(), ignore_index=UNKNOWN)
