"""The network of the stepwise LSTM, which harmonizes.

The encoder is a bidirectional LSTM over the steps of the given voices, with bars and
phrase ends: each step is encoded with its past and its future. The decoder is an LSTM
over the same steps; its inputs are all voices of the previous step and the encoding of
the current one. The output layer predicts the voices of a step one after the other from
the decoder's output, the encoding, the voices of this step that come before and the last
token of the voice. It has no recurrence, so that an LSTM runs over as many positions as
the piece has steps, and not over as many as it has tokens.

The voices of a step are one vector, the sum of a small network's output for each token
and its voice: so any number of them may be given.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.core.vocabulary import PAD_ID, START, VOCAB_SIZE
from pipeline.errors import PipelineError
from pipeline.models.base.batches import Batch
from pipeline.models.base.interface import DecodingState, Seq2Seq
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.layers.positions import PositionEmbedding
from pipeline.models.base.layers.recurrent import open_forget_gates, run_from, take
from pipeline.models.stepwise.config import StepwiseConfig


class TaskError(PipelineError):
    """A model is used for a task that it cannot do."""


@dataclass(frozen=True)
class StepwiseState(DecodingState):
    """The state of the decoder.

    Attributes:
        encoded: every step of the given voices (B, N, 2H).
        h, c: of the decoder (B, L, H).
        output: of the decoder at the current step (B, H).
        last: the last token of each voice (B, V).
        voices: sum of the voices of the current step so far (B, E).
        n_predicted: target tokens so far, given ones included.
    """

    encoded: Tensor
    h: Tensor
    c: Tensor
    output: Tensor
    last: Tensor
    voices: Tensor
    n_predicted: int


class StepwiseNetwork(Seq2Seq):
    """A stepwise LSTM."""

    def __init__(self, config: StepwiseConfig) -> None:
        super().__init__()
        size, hidden = config.embedding_size, config.hidden_size
        self.table = nn.Embedding(VOCAB_SIZE + 1, size, padding_idx=PAD_ID)
        self.places = PositionEmbedding(size, config.meter)
        self.phrase_end = nn.Embedding(2, size)
        self.sounding = nn.Linear(size, size)
        first = [size] + [2 * hidden] * (config.layers - 1)
        # the encoder (forwards, backwards), then the decoder; names of attributes are keys of saved weights
        self.forwards = nn.ModuleList(nn.LSTM(inputs, hidden, batch_first=True) for inputs in first)
        self.backwards = nn.ModuleList(nn.LSTM(inputs, hidden, batch_first=True) for inputs in first)
        sizes = [size + 2 * hidden] + [hidden] * (config.layers - 1)
        self.decoder = nn.ModuleList(nn.LSTM(inputs, hidden, batch_first=True) for inputs in sizes)
        self.mix = nn.Linear(3 * hidden + 2 * size, hidden)
        self.turn = nn.Linear(size, hidden, bias=False)  # the voice that is predicted
        self.output = nn.Linear(hidden, VOCAB_SIZE)
        self.dropout_share = config.dropout
        open_forget_gates(self)

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """See :class:`Seq2Seq`: (B, T, 258); the last position, STOP's, is undefined."""
        encoded, voices = self._encode(batch, generator), batch.voices
        n_steps = encoded.shape[1]
        given = batch.inputs[:, 1 : n_steps * voices + 1]  # without START: at most (B, N * V)
        cells = functional.pad(given, (0, n_steps * voices - given.shape[1]), value=PAD_ID)
        cells = cells.view(len(cells), n_steps, voices)  # (B, N, V)
        first = torch.full_like(cells[:, :1], START)
        before = torch.cat([first, cells[:, :-1]], dim=1)  # (B, N, V) the step before each
        vectors = self._voice_vectors(cells, generator)  # (B, N, V, E)
        steps = torch.cat([self._step_vector(first, generator), vectors[:, :-1].sum(2)], 1)
        outputs = torch.cat([steps, encoded], dim=-1)
        for layer, lstm in enumerate(self.decoder):
            outputs = lstm(dropout(outputs, self.dropout_share, generator) if layer else outputs)[0]
        summed = functional.pad(vectors[:, :, :-1].cumsum(2), (0, 0, 1, 0))  # of the voices before each
        logits = self._logits(outputs[:, :, None], encoded[:, :, None], summed, self.table(before), generator)
        rest = batch.inputs.shape[1] - n_steps * voices
        return functional.pad(logits.flatten(1, 2), (0, 0, 0, rest))

    def start(self, batch: Batch) -> StepwiseState:
        """Encode the given voices."""
        encoded, layers = self._encode(batch, None), len(self.decoder)
        zeros = torch.zeros(len(encoded), layers, self.output.in_features, device=encoded.device)
        last = torch.full((len(encoded), batch.voices), START, device=encoded.device)
        voices = torch.zeros(len(encoded), self.table.embedding_dim, device=encoded.device)
        return StepwiseState(encoded, zeros, zeros, zeros[:, 0], last, voices, 0)

    def step(self, state: StepwiseState, tokens: Tensor) -> tuple[Tensor, StepwiseState]:
        """See :class:`Seq2Seq`: (B, 258) and the state after."""
        h, c, output, last, voices = state.h, state.c, state.output, state.last, state.voices
        n_voices, n_steps = last.shape[1], state.encoded.shape[1]
        step, voice = divmod(state.n_predicted, n_voices)
        if state.n_predicted:
            last = last.clone()
            last[:, voice - 1] = tokens
            own = self._voice_vectors(last[:, None], None)[:, 0, voice - 1]
            voices = voices + own
        encoded = state.encoded[:, min(step, n_steps - 1)]
        if voice == 0:
            voices = torch.zeros_like(voices)
            vectors = torch.cat([self._step_vector(last[:, None], None), encoded[:, None]], dim=-1)
            outputs, after = vectors, []
            for layer, lstm in enumerate(self.decoder):
                outputs, final = run_from(lstm, outputs, h[:, layer], c[:, layer])
                after.append(final)
            h, c = (torch.cat(layers).transpose(0, 1) for layers in zip(*after, strict=True))
            output = outputs[:, 0]
        logits = self._logits(output, encoded, voices, self.table(last[:, voice]), None, voice)
        return logits, StepwiseState(state.encoded, h, c, output, last, voices, state.n_predicted + 1)

    def _encode(self, batch: Batch, generator: torch.Generator | None) -> Tensor:
        """The given voices, step by step: (B, N, 2H)."""
        if not batch.aligned:
            raise TaskError("a model of kind 'stepwise' harmonizes: it needs pieces with given voices")
        voices = batch.voices
        cells = batch.source.view(len(batch.source), -1, voices)  # (B, N, V)
        lengths = (batch.source_lengths // voices)[:, None]
        step_in_bar = batch.step_in_bar[:, : batch.source.shape[1] : voices]
        places = self.places(step_in_bar, batch.steps_per_bar, batch.meter)
        outputs = self._step_vector(cells, generator) + places
        outputs = outputs + self.phrase_end(batch.phrase_end.long())
        positions = torch.arange(cells.shape[1], device=cells.device)[None]
        reversal = torch.where(positions < lengths, lengths - 1 - positions, positions)
        for layer, (forwards, backwards) in enumerate(zip(self.forwards, self.backwards, strict=True)):
            inputs = dropout(outputs, self.dropout_share, generator) if layer else outputs
            back = take(backwards(take(inputs, reversal))[0], reversal)
            outputs = torch.cat([forwards(inputs)[0], back], dim=-1)
        encoded: Tensor = outputs
        return encoded

    def _voice_vectors(self, cells: Tensor, generator: torch.Generator | None) -> Tensor:
        """(B, N, V) tokens to the vector that each of them adds to its step: (B, N, V, E)."""
        voices = torch.arange(cells.shape[2], device=cells.device)
        vectors = self.table(cells) + self.places.voice(voices)
        voiced: Tensor = functional.gelu(self.sounding(dropout(vectors, self.dropout_share, generator)))
        return voiced

    def _step_vector(self, cells: Tensor, generator: torch.Generator | None) -> Tensor:
        """(B, N, V) tokens to one vector per step: (B, N, E)."""
        vector: Tensor = self._voice_vectors(cells, generator).sum(2)
        return vector

    def _logits(
        self,
        output: Tensor,
        encoded: Tensor,
        voices: Tensor,
        last: Tensor,
        generator: torch.Generator | None,
        voice: int | None = None,
    ) -> Tensor:
        """Logits (..., V, 258) of all voices of steps, or (B, 258) of one.

        Args:
            output: (..., 1, H) or (B, H) of the decoder.
            encoded: (..., 1, 2H) or (B, 2H) of the encoder.
            voices: (..., V, E) or (B, E), sum of the voices of this step that come before.
            last: (..., V, E) or (B, E), embedding of the last token of each voice.
            voice: the voice that is predicted; None: all in order.
        """
        # the step's own part is the same for all its voices and computed once
        step = torch.cat([output, encoded], dim=-1)
        of_step = functional.linear(step, self.mix.weight[:, : step.shape[-1]])
        of_voice = functional.linear(torch.cat([voices, last], dim=-1), self.mix.weight[:, step.shape[-1] :])
        table = self.places.voice.weight
        turns = self.turn(table[: voices.shape[-2]] if voice is None else table[voice]) + self.mix.bias
        mixed = functional.gelu(of_step + of_voice + turns)
        logits: Tensor = self.output(dropout(mixed, self.dropout_share, generator))
        return logits
