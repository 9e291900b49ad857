"""The network of the LSTM.

The encoder reads the source, the decoder says the target, told the true symbols
before (or its own). Attention is computed for all decoder steps at once, after
the LSTM and without feeding its result back (as Luong et al. 2015, section 3.1,
without their input feeding and without a layer between attention and output),
so that training is one pass over the target.

No sequence is packed: padding stands behind the source, so that reading forwards
never meets it before the end, and each source is turned round by itself for
reading backwards. What the LSTM makes of the padding is never looked at.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.core.vocabulary import PAD_ROW, SIZE
from pipeline.models.base.batches import Batch
from pipeline.models.base.interface import Looks, Seq2Seq, State
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.layers.recurrent import open_forget_gates, take
from pipeline.models.lstm.config import Config


class Network(Seq2Seq):
    """Encoder-decoder LSTM; the state is (h, c) or (h, c, keys, values, barrier)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.symbols = _Symbols(config)
        self.encoder = _Encoder(config, self.symbols.size)
        self.bridge = nn.ModuleList(nn.Linear(self.encoder.size, 2 * hidden) for _ in range(config.layers))
        sizes = [self.symbols.size] + [hidden] * (config.layers - 1)
        self.decoder = nn.ModuleList(nn.LSTM(size, hidden, batch_first=True) for size in sizes)
        self.attend = _Attention(config, self.encoder.size) if config.attention != "none" else None
        self.output = nn.Linear(hidden + (self.attend.size if self.attend else 0), SIZE)
        self.dropout_share = config.dropout
        open_forget_gates(self)

    def forward(self, batch: Batch, noise: torch.Generator | None = None) -> Tensor:
        """See :class:`Seq2Seq`: (B, T, 258)."""
        state = self._read(batch.source, batch.source_lengths, noise)
        logits, _ = self._say(state, batch.inputs, noise)
        return logits

    def start(self, batch: Batch) -> State:
        """Read sources; the decoder begins with what the encoder ends with, through the bridge."""
        return self._read(batch.source, batch.source_lengths, None)

    def step(self, state: State, symbols: Tensor) -> tuple[Tensor, State]:
        """See :class:`Seq2Seq`: (B, 258) and the state after."""
        logits, state = self._say(state, symbols[:, None], None)
        return logits[:, 0], state

    def attention(self, batch: Batch) -> Looks | None:
        """See :class:`Seq2Seq`: (B, T, S), at the source alone."""
        if self.attend is None:
            return None
        outputs, state = self._run(self.start(batch), batch.inputs, None)
        return Looks({"attention": self.attend.weights(outputs, state[2], state[4])}, {}, {})

    def _read(self, source: Tensor, lengths: Tensor, noise: torch.Generator | None) -> State:
        memory, finals = self.encoder(self.symbols, source, lengths, noise)  # (B, S, D), L times (B, D)
        pairs = [bridge(final).chunk(2, dim=-1) for bridge, final in zip(self.bridge, finals, strict=True)]
        h = torch.stack([hidden.tanh() for hidden, _ in pairs], dim=1)  # (B, L, H)
        c = torch.stack([cell for _, cell in pairs], dim=1)  # (B, L, H)
        if self.attend is None:
            return h, c
        return h, c, *self.attend.read(memory, source == PAD_ROW)

    def _say(self, state: State, inputs: Tensor, noise: torch.Generator | None) -> tuple[Tensor, State]:
        outputs, state = self._run(state, inputs, noise)
        if self.attend is not None:
            outputs = torch.cat([outputs, self.attend(outputs, *state[2:])], dim=-1)  # (B, T, H + A)
        return self.output(dropout(outputs, self.dropout_share, noise)), state  # (B, T, 258)

    def _run(self, state: State, inputs: Tensor, noise: torch.Generator | None) -> tuple[Tensor, State]:
        h, c, *memory = state
        outputs = self.symbols(inputs, noise)
        after = []
        for layer, lstm in enumerate(self.decoder):
            if layer:
                outputs = dropout(outputs, self.dropout_share, noise)
            before = (h[None, :, layer].contiguous(), c[None, :, layer].contiguous())  # (1, B, H)
            outputs, ended = lstm(outputs, before)  # (B, T, H)
            after.append(ended)
        h, c = (torch.cat(parts).transpose(0, 1) for parts in zip(*after, strict=True))  # (B, L, H)
        return outputs, (h, c, *memory)


class _Symbols(nn.Module):
    """Symbols to vectors: (B, T) to (B, T, size); padding is the zero vector."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        learned = config.input == "embedding"
        self.size = config.embedding_size if learned else SIZE
        self.table = nn.Embedding(SIZE + 1, self.size, padding_idx=PAD_ROW) if learned else None
        self.dropout_share = config.dropout

    def forward(self, symbols: Tensor, noise: torch.Generator | None) -> Tensor:
        if self.table is not None:
            return dropout(self.table(symbols), self.dropout_share, noise)
        return functional.one_hot(symbols, SIZE + 1)[..., :SIZE].float()


class _Encoder(nn.Module):
    """Reads sources layer by layer, in one direction or two."""

    def __init__(self, config: Config, input_size: int) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.size = hidden * (2 if config.bidirectional else 1)  # D
        sizes = [input_size] + [self.size] * (config.layers - 1)
        self.forwards = nn.ModuleList(nn.LSTM(size, hidden, batch_first=True) for size in sizes)
        self.backwards = nn.ModuleList(
            nn.LSTM(size, hidden, batch_first=True) for size in sizes if config.bidirectional
        )
        self.dropout_share = config.dropout

    def forward(
        self, symbols: _Symbols, source: Tensor, lengths: Tensor, noise: torch.Generator | None
    ) -> tuple[Tensor, list[Tensor]]:
        """The outputs of the last layer (B, S, D), and of each layer its final output (B, D)."""
        turned = _turned_round(source, lengths)
        ends = turned[:, :1]  # the last place of each source; the final output of either direction
        outputs, finals = symbols(source, noise), []
        for layer, forwards in enumerate(self.forwards):
            inputs = dropout(outputs, self.dropout_share, noise) if layer else outputs
            outputs = forwards(inputs)[0]  # (B, S, H)
            final = take(outputs, ends)[:, 0]
            if len(self.backwards):
                back = self.backwards[layer](take(inputs, turned))[0]
                final = torch.cat([final, take(back, ends)[:, 0]], dim=-1)
                outputs = torch.cat([outputs, take(back, turned)], dim=-1)  # (B, S, D)
            finals.append(final)
        return outputs, finals


class _Attention(nn.Module):
    """Looks from every decoder output at every place of the source."""

    def __init__(self, config: Config, memory_size: int) -> None:
        super().__init__()
        self.size = config.attention_size  # A
        self.memory = nn.Linear(memory_size, 2 * self.size)
        self.query = nn.Linear(config.hidden_size, self.size)
        self.energy = nn.Linear(self.size, 1, bias=False) if config.attention == "additive" else None

    def read(self, memory: Tensor, padding: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Keys and values (B, S, A), and -inf at padding (B, 1, S): computed once for a source."""
        keys, values = self.memory(memory).chunk(2, dim=-1)
        barrier = torch.zeros(padding.shape, device=memory.device).masked_fill(padding, float("-inf"))
        return keys, values, barrier[:, None]

    def weights(self, outputs: Tensor, keys: Tensor, barrier: Tensor) -> Tensor:
        """(B, T, S), each row sums to 1."""
        query = self.query(outputs)  # (B, T, A)
        if self.energy is None:
            energies = torch.baddbmm(barrier, query, keys.transpose(1, 2), alpha=self.size**-0.5)  # (B, T, S)
        else:
            energies = self.energy(torch.tanh(query[:, :, None] + keys[:, None]))[..., 0]  # (B, T, S)
            energies = energies + barrier
        looks: Tensor = energies.softmax(-1)
        return looks

    def forward(self, outputs: Tensor, keys: Tensor, values: Tensor, barrier: Tensor) -> Tensor:
        """What is seen there: (B, T, A)."""
        return self.weights(outputs, keys, barrier) @ values


def _turned_round(source: Tensor, lengths: Tensor) -> Tensor:
    """(B, S) places that turn each source round by itself and leave the padding where it is."""
    places = torch.arange(source.shape[1], device=source.device)[None]
    return torch.where(places < lengths[:, None], lengths[:, None] - 1 - places, places)
