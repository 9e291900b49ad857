"""The network of the encoder-decoder LSTM.

Attention is computed for all decoder steps at once, after the LSTM and without feeding
its result back (as Luong et al. 2015, section 3.1, without their input feeding and
without a layer between attention and output), so that training is one pass over the
target.

No sequence is packed: padding follows the source, so that the forward direction reaches it
after the last token; for the backward direction each source is reversed on its own. The
outputs of the LSTM at padding are never used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.core.vocabulary import PAD_ID, VOCAB_SIZE
from pipeline.models.base.batches import Batch
from pipeline.models.base.interface import AttentionMaps, DecodingState, Seq2Seq
from pipeline.models.base.layers.chords import first_target_step, source_steps, target_steps
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.layers.positions import LONGEST_BAR, step_in_bar_at, target_steps_in_bar
from pipeline.models.base.layers.recurrent import open_forget_gates, run_from, take
from pipeline.models.lstm.config import LstmConfig
from pipeline.models.lstm.embedding import LstmEmbedding, TiedOutput

SMALLEST = 1e-6  # copy probability of tokens that are not in the source: keeps logarithms finite


@dataclass(frozen=True)
class SourceMemory(DecodingState):
    """Keys, values and mask of the sources for attention.

    Attributes:
        keys, values: (B, S, A).
        mask: (B, 1, S), -inf at padding.
        source: (B, S) tokens.
    """

    keys: Tensor
    values: Tensor
    mask: Tensor
    source: Tensor


@dataclass(frozen=True)
class LstmState(DecodingState):
    """The state of the decoder.

    Attributes:
        h, c: (B, L, H).
        memory: of the sources, for attention; None without attention.
        step_in_bar: (B, K) see ``target_steps_in_bar``.
        steps_per_bar: (B,), 0 where unknown.
        chords: (B, K, 3) see ``Batch.chords``.
        first_step: (B,) step of the piece of the first target symbol.
        voices: V.
        n_predicted: target tokens so far, given ones included.
    """

    h: Tensor
    c: Tensor
    memory: SourceMemory | None
    step_in_bar: Tensor
    steps_per_bar: Tensor
    chords: Tensor
    first_step: Tensor
    voices: int
    n_predicted: int = 0

    def select(self, rows: Tensor) -> LstmState:
        """See :class:`DecodingState`."""
        memory = self.memory.select(rows) if self.memory is not None else None
        return replace(super().select(rows), memory=memory)


class LstmNetwork(Seq2Seq):
    """Encoder-decoder LSTM."""

    def __init__(self, config: LstmConfig) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.symbols = LstmEmbedding(config)
        self.encoder = _Encoder(config, self.symbols.size)
        self.bridge = nn.ModuleList(nn.Linear(self.encoder.size, 2 * hidden) for _ in range(config.layers))
        sizes = [self.symbols.size] + [hidden] * (config.layers - 1)
        self.decoder = nn.ModuleList(nn.LSTM(size, hidden, batch_first=True) for size in sizes)
        self.attend = _SourceAttention(config, self.encoder.size) if config.attention != "none" else None
        size = hidden + (self.attend.size if self.attend else 0)
        self.output = TiedOutput(size, self.symbols.size) if config.tied else nn.Linear(size, VOCAB_SIZE)
        self.gate = nn.Linear(size, 1) if config.copy_source else None
        self.uses_chords = config.chords
        self.dropout_share = config.dropout
        open_forget_gates(self)

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """See :class:`Seq2Seq`: (B, T, 258)."""
        state = self._encode(batch, generator)
        logits, _ = self._decode(state, batch.inputs, _target_places(batch), target_steps(batch), generator)
        return logits

    def start(self, batch: Batch) -> LstmState:
        """Encode sources; the bridge maps the final state of the encoder to the first of the decoder."""
        return self._encode(batch, None)

    def step(self, state: LstmState, tokens: Tensor) -> tuple[Tensor, LstmState]:
        """See :class:`Seq2Seq`: (B, 258) and the state after."""
        step = state.n_predicted // state.voices
        steps = (state.first_step + step)[:, None]
        places = _known(step_in_bar_at(state.step_in_bar, state.steps_per_bar, step), state.steps_per_bar)
        logits, state = self._decode(state, tokens[:, None], places, steps, None)
        return logits[:, 0], replace(state, n_predicted=state.n_predicted + 1)

    def attention(self, batch: Batch) -> AttentionMaps | None:
        """See :class:`Seq2Seq`: (B, T, S), over the source alone."""
        state = self.start(batch)
        if self.attend is None or state.memory is None:
            return None
        outputs, _ = self._run(state, batch.inputs, _target_places(batch), target_steps(batch), None)
        return AttentionMaps({"attention": self.attend.weights(outputs, state.memory)}, {}, {})

    def _encode(self, batch: Batch, generator: torch.Generator | None) -> LstmState:
        source, lengths = batch.source, batch.source_lengths
        places = _known(batch.step_in_bar[:, : source.shape[1]], batch.steps_per_bar)
        vectors = self.symbols(source, places, batch.chords, source_steps(batch), generator)
        encoded, finals = self.encoder(vectors, source, lengths, generator)  # (B, S, D), L times (B, D)
        pairs = [bridge(final).chunk(2, dim=-1) for bridge, final in zip(self.bridge, finals, strict=True)]
        h = torch.stack([hidden.tanh() for hidden, _ in pairs], dim=1)  # (B, L, H)
        c = torch.stack([cell for _, cell in pairs], dim=1)  # (B, L, H)
        memory = self.attend.remember(encoded, source) if self.attend is not None else None
        bars = target_steps_in_bar(batch), batch.steps_per_bar
        return LstmState(h, c, memory, *bars, batch.chords, first_target_step(batch), batch.voices)

    def _decode(
        self,
        state: LstmState,
        inputs: Tensor,
        places: Tensor,
        steps: Tensor,
        generator: torch.Generator | None,
    ) -> tuple[Tensor, LstmState]:
        """Logits (B, T, 258) after each of the inputs (B, T), and the state after the last."""
        outputs, state = self._run(state, inputs, places, steps, generator)
        weights = None
        if self.attend is not None and state.memory is not None:
            weights = self.attend.weights(outputs, state.memory)  # (B, T, S)
            outputs = torch.cat([outputs, weights @ state.memory.values], dim=-1)  # (B, T, H + A)
        outputs = dropout(outputs, self.dropout_share, generator)
        logits = self._vocabulary(outputs)
        if self.gate is not None and weights is not None and state.memory is not None:
            logits = _mixture(logits, weights, state.memory.source, self.gate(outputs))
        return logits, state

    def _vocabulary(self, outputs: Tensor) -> Tensor:
        """(B, T, 258) logits of the output layer."""
        if isinstance(self.output, TiedOutput):
            tied: Tensor = self.output(outputs, self.symbols.table)
            return tied
        logits: Tensor = self.output(outputs)
        return logits

    def _run(
        self,
        state: LstmState,
        inputs: Tensor,
        places: Tensor,
        steps: Tensor,
        generator: torch.Generator | None,
    ) -> tuple[Tensor, LstmState]:
        """Outputs of the decoder's last layer (B, T, H), and the state after them."""
        outputs = self.symbols(inputs, places, state.chords, steps, generator)
        after = []
        for layer, lstm in enumerate(self.decoder):
            if layer:
                outputs = dropout(outputs, self.dropout_share, generator)
            outputs, final = run_from(lstm, outputs, state.h[:, layer], state.c[:, layer])  # (B, T, H)
            after.append(final)
        h, c = (torch.cat(layers).transpose(0, 1) for layers in zip(*after, strict=True))  # (B, L, H)
        return outputs, replace(state, h=h, c=c)


class _Encoder(nn.Module):
    """An LSTM over sources, layer by layer, in one direction or two."""

    def __init__(self, config: LstmConfig, input_size: int) -> None:
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
        self, outputs: Tensor, source: Tensor, lengths: Tensor, generator: torch.Generator | None
    ) -> tuple[Tensor, list[Tensor]]:
        """The outputs of the last layer (B, S, D), and the final output of each layer (B, D)."""
        reversal = _reversal(source, lengths)
        ends = reversal[:, :1]  # the last position of each source; the final output of either direction
        finals = []
        for layer, forwards in enumerate(self.forwards):
            inputs = dropout(outputs, self.dropout_share, generator) if layer else outputs
            outputs = forwards(inputs)[0]  # (B, S, H)
            final = take(outputs, ends)[:, 0]
            if len(self.backwards):
                back = self.backwards[layer](take(inputs, reversal))[0]
                final = torch.cat([final, take(back, ends)[:, 0]], dim=-1)
                outputs = torch.cat([outputs, take(back, reversal)], dim=-1)  # (B, S, D)
            finals.append(final)
        return outputs, finals


class _SourceAttention(nn.Module):
    """Attention from every decoder output to every position of the source."""

    def __init__(self, config: LstmConfig, encoder_size: int) -> None:
        super().__init__()
        self.size = config.attention_size  # A
        self.memory = nn.Linear(encoder_size, 2 * self.size)
        self.query = nn.Linear(config.hidden_size, self.size)
        self.energy = nn.Linear(self.size, 1, bias=False) if config.attention == "additive" else None

    def remember(self, encoded: Tensor, source: Tensor) -> SourceMemory:
        """Keys, values and mask of a source, computed once.

        Args:
            encoded: (B, S, D) outputs of the encoder.
            source: (B, S) tokens.
        """
        padding = source == PAD_ID
        keys, values = self.memory(encoded).chunk(2, dim=-1)
        mask = torch.zeros(padding.shape, device=encoded.device).masked_fill(padding, float("-inf"))
        return SourceMemory(keys, values, mask[:, None], source)

    def weights(self, outputs: Tensor, memory: SourceMemory) -> Tensor:
        """(B, T, S), each row sums to 1."""
        query = self.query(outputs)  # (B, T, A)
        if self.energy is None:
            keys = memory.keys.transpose(1, 2)
            energies = torch.baddbmm(memory.mask, query, keys, alpha=self.size**-0.5)  # (B, T, S)
        else:
            energies = self.energy(torch.tanh(query[:, :, None] + memory.keys[:, None]))[..., 0]  # (B, T, S)
            energies = energies + memory.mask
        weights: Tensor = energies.softmax(-1)
        return weights


def _mixture(logits: Tensor, weights: Tensor, source: Tensor, gate: Tensor) -> Tensor:
    """(B, T, 258) log-probabilities of a mixture of the vocabulary and of copied source tokens.

    Args:
        logits: (B, T, 258) of the vocabulary.
        weights: (B, T, S) attention.
        source: (B, S) tokens; padding has no weight.
        gate: (B, T, 1) logit of the share of the vocabulary.
    """
    tokens = functional.one_hot(source, VOCAB_SIZE + 1)[..., :VOCAB_SIZE].to(weights.dtype)
    copied = (weights @ tokens + SMALLEST).log()
    own = functional.logsigmoid(gate) + logits.log_softmax(-1)
    return torch.logaddexp(own, functional.logsigmoid(-gate) + copied)


def _target_places(batch: Batch) -> Tensor:
    """(B, T) rows of the positions of the predicted tokens."""
    positions = torch.arange(batch.inputs.shape[1], device=batch.inputs.device)
    columns = (positions + batch.source_lengths[:, None]).clamp(max=batch.step_in_bar.shape[1] - 1)
    return _known(batch.step_in_bar.gather(1, columns), batch.steps_per_bar)


def _known(step_in_bar: Tensor, steps_per_bar: Tensor) -> Tensor:
    """(B, N) rows of an embedding of positions in the bar, 0 where unknown."""
    known = (steps_per_bar > 0) & (steps_per_bar <= LONGEST_BAR)
    return (step_in_bar + 1) * known[:, None]


def _reversal(source: Tensor, lengths: Tensor) -> Tensor:
    """(B, S) positions that reverse each source on its own and leave the padding where it is."""
    positions = torch.arange(source.shape[1], device=source.device)[None]
    return torch.where(positions < lengths[:, None], lengths[:, None] - 1 - positions, positions)
