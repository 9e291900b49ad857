"""The network of the decoder alone: one LSTM over all voices, symbol after symbol.

It is the language model of BachBot (Liang et al. 2017, ISMIR) over these symbols. What
is to be continued it reads first; where voices are given it is told them where their
turn comes, and knows nothing of their future.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

from pipeline.core.vocabulary import PAD_ROW, SIZE
from pipeline.models.base.batches import Batch
from pipeline.models.base.interface import Seq2Seq, State
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.layers.positions import Places, in_bar_at, steps_of_target
from pipeline.models.base.layers.recurrent import open_forget_gates
from pipeline.models.decoder.config import Config


class Network(Seq2Seq):
    """An LSTM alone.

    The state: h and c of all layers (B, L, H), positions in the bar by step (B, K),
    metres (B,), and zeros (B, V, n): so many symbols have been said.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.table = nn.Embedding(SIZE + 1, config.embedding_size, padding_idx=PAD_ROW)
        self.places = Places(config.embedding_size)
        sizes = [config.embedding_size] + [hidden] * (config.layers - 1)
        self.lstm = nn.ModuleList(nn.LSTM(size, hidden, batch_first=True) for size in sizes)
        self.output = nn.Linear(hidden, SIZE)
        self.dropout_share = config.dropout
        open_forget_gates(self)

    def forward(self, batch: Batch, noise: torch.Generator | None = None) -> Tensor:
        """See :class:`Seq2Seq`: (B, T, 258)."""
        h, c = self._read(batch, noise)
        n_places = batch.inputs.shape[1]
        places = torch.arange(n_places, device=batch.inputs.device)
        width = batch.step_in_bar.shape[1]
        in_bar = batch.step_in_bar.gather(1, (places + batch.source_lengths[:, None]).clamp(max=width - 1))
        vectors = self._vectors(batch.inputs, in_bar, batch.steps_per_bar, places % batch.voices, noise)
        outputs, _, _ = self._run(vectors, h, c, noise)
        return self._say(outputs, noise)

    def start(self, batch: Batch) -> State:
        """Read what is to be continued; of given voices nothing is known beforehand."""
        h, c = self._read(batch, None)
        nothing = torch.zeros(len(h), batch.voices, 0, device=h.device)
        return h, c, steps_of_target(batch), batch.steps_per_bar, nothing

    def step(self, state: State, symbols: Tensor) -> tuple[Tensor, State]:
        """See :class:`Seq2Seq`: (B, 258) and the state after."""
        h, c, told, metres, said = state
        step, voice = divmod(said.shape[2], said.shape[1])
        voices = torch.full((1,), voice, device=symbols.device)
        in_bar = in_bar_at(told, metres, step)
        outputs, h, c = self._run(self._vectors(symbols[:, None], in_bar, metres, voices, None), h, c, None)
        return self._say(outputs, None)[:, 0], (h, c, told, metres, functional.pad(said, (0, 1)))

    def _read(self, batch: Batch, noise: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """H and c (B, L, H) after the sources that stand before their targets."""
        if batch.aligned:
            empty = torch.zeros(
                len(batch.source), len(self.lstm), self.output.in_features, device=batch.source.device
            )
            return empty, empty
        places = torch.arange(batch.source.shape[1], device=batch.source.device)
        in_bar = batch.step_in_bar[:, : len(places)]
        outputs = self._vectors(batch.source, in_bar, batch.steps_per_bar, places % batch.voices, noise)
        after = []
        for layer, lstm in enumerate(self.lstm):
            if layer:
                outputs = dropout(outputs, self.dropout_share, noise)
            # packed, because only so torch gives the cells at the ends
            packed, ended = lstm(
                pack_padded_sequence(outputs, batch.source_lengths.cpu(), True, enforce_sorted=False)
            )
            outputs, _ = nn.utils.rnn.pad_packed_sequence(packed, True, total_length=outputs.shape[1])
            after.append(ended)
        h, c = (torch.cat(parts).transpose(0, 1) for parts in zip(*after, strict=True))
        return h, c

    def _run(
        self, vectors: Tensor, h: Tensor, c: Tensor, noise: torch.Generator | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        outputs, after = vectors, []
        for layer, lstm in enumerate(self.lstm):
            if layer:
                outputs = dropout(outputs, self.dropout_share, noise)
            outputs, ended = lstm(outputs, (h[None, :, layer].contiguous(), c[None, :, layer].contiguous()))
            after.append(ended)
        h, c = (torch.cat(parts).transpose(0, 1) for parts in zip(*after, strict=True))
        return outputs, h, c

    def _vectors(
        self, symbols: Tensor, in_bar: Tensor, metres: Tensor, voices: Tensor, noise: torch.Generator | None
    ) -> Tensor:
        """Symbols, and where the ones that follow stand, to vectors (B, N, E)."""
        vectors = self.table(symbols) + self.places(in_bar, metres, voices)
        return dropout(vectors, self.dropout_share, noise)

    def _say(self, outputs: Tensor, noise: torch.Generator | None) -> Tensor:
        said: Tensor = self.output(dropout(outputs, self.dropout_share, noise))
        return said
