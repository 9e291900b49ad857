"""The network of the stepwise LSTM, which harmonizes.

A reader goes over the steps of the given voices in both directions, told bars and
phrase ends; so each step is known with its past and its future. A sayer goes over the
steps once, told all voices of the step before and what the reader knows of this one.
Voice after voice, the symbol is then chosen from the sayer's state, the reader's, the
voices that have been said of this step and the last symbol of the voice: a small
network without memory, so that training takes as many steps of LSTMs as the piece has
and not as many as it has symbols.

The voices of a step are one vector, the sum of what a small network makes of each
symbol and its voice: so any number of them may be given.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.core.vocabulary import PAD_ROW, SIZE, START
from pipeline.errors import PipelineError
from pipeline.models.base.batches import Batch
from pipeline.models.base.interface import Seq2Seq, State
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.layers.positions import Places
from pipeline.models.base.layers.recurrent import open_forget_gates, take
from pipeline.models.stepwise.config import Config


class TaskError(PipelineError):
    """A model is asked for what it cannot do."""


class Network(Seq2Seq):
    """A stepwise LSTM.

    The state: what the reader knows of every step (B, N, 2H); h and c of the sayer
    (B, L, H) and its output in this step (B, H); the last symbol of each voice (B, V),
    and the sum of the voices said of this step (B, E); zeros (B, n): so many symbols.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        size, hidden = config.embedding_size, config.hidden_size
        self.table = nn.Embedding(SIZE + 1, size, padding_idx=PAD_ROW)
        self.places = Places(size)
        self.phrase_end = nn.Embedding(2, size)
        self.sounding = nn.Linear(size, size)
        first = [size] + [2 * hidden] * (config.layers - 1)
        self.forwards = nn.ModuleList(nn.LSTM(inputs, hidden, batch_first=True) for inputs in first)
        self.backwards = nn.ModuleList(nn.LSTM(inputs, hidden, batch_first=True) for inputs in first)
        sizes = [size + 2 * hidden] + [hidden] * (config.layers - 1)
        self.sayer = nn.ModuleList(nn.LSTM(inputs, hidden, batch_first=True) for inputs in sizes)
        self.mix = nn.Linear(3 * hidden + 2 * size, hidden)
        self.turn = nn.Linear(size, hidden, bias=False)  # whose turn it is
        self.output = nn.Linear(hidden, SIZE)
        self.dropout_share = config.dropout
        open_forget_gates(self)

    def forward(self, batch: Batch, noise: torch.Generator | None = None) -> Tensor:
        """See :class:`Seq2Seq`: (B, T, 258); the last place, where the piece ends, is not looked at."""
        known, voices = self._read(batch, noise), batch.voices
        n_steps = known.shape[1]
        told = batch.inputs[:, 1 : n_steps * voices + 1]  # without START: (B, N * V) or what there is of it
        cells = functional.pad(told, (0, n_steps * voices - told.shape[1]), value=PAD_ROW)
        cells = cells.view(len(cells), n_steps, voices)  # (B, N, V)
        first = torch.full_like(cells[:, :1], START)
        before = torch.cat([first, cells[:, :-1]], dim=1)  # (B, N, V) the step before each
        chords = torch.cat([self._chord(first, noise), self._chord(cells[:, :-1], noise)], dim=1)
        outputs = torch.cat([chords, known], dim=-1)
        for layer, lstm in enumerate(self.sayer):
            outputs = lstm(dropout(outputs, self.dropout_share, noise) if layer else outputs)[0]
        heard = self._voices(cells, noise).cumsum(2)  # (B, N, V, E) with each voice's own
        heard = functional.pad(heard[:, :, :-1], (0, 0, 1, 0))
        logits = self._choose(outputs[:, :, None], known[:, :, None], heard, self.table(before), noise)
        rest = batch.inputs.shape[1] - n_steps * voices
        return functional.pad(logits.flatten(1, 2), (0, 0, 0, rest))

    def start(self, batch: Batch) -> State:
        """Read the given voices."""
        known, layers = self._read(batch, None), len(self.sayer)
        nothing = torch.zeros(len(known), layers, self.output.in_features, device=known.device)
        last = torch.full((len(known), batch.voices), START, device=known.device)
        chord = torch.zeros(len(known), self.table.embedding_dim, device=known.device)
        return known, nothing, nothing, nothing[:, 0], last, chord, torch.zeros(len(known), 0)

    def step(self, state: State, symbols: Tensor) -> tuple[Tensor, State]:
        """See :class:`Seq2Seq`: (B, 258) and the state after."""
        known, h, c, output, last, heard, said = state
        n_voices, n_steps = last.shape[1], known.shape[1]
        number, voice = divmod(said.shape[1], n_voices)
        if said.shape[1]:
            last = last.clone()
            last[:, voice - 1] = symbols
            own = self._voices(last[:, None], None)[:, 0, voice - 1]
            heard = heard + own
        here = known[:, min(number, n_steps - 1)]
        if voice == 0:
            heard = torch.zeros_like(heard)
            vectors = torch.cat([self._chord(last[:, None], None), here[:, None]], dim=-1)
            outputs, after = vectors, []
            for layer, lstm in enumerate(self.sayer):
                before = (h[None, :, layer].contiguous(), c[None, :, layer].contiguous())
                outputs, ended = lstm(outputs, before)
                after.append(ended)
            h, c = (torch.cat(parts).transpose(0, 1) for parts in zip(*after, strict=True))
            output = outputs[:, 0]
        logits = self._choose(output, here, heard, self.table(last[:, voice]), None, voice)
        return logits, (known, h, c, output, last, heard, functional.pad(said, (0, 1)))

    def _read(self, batch: Batch, noise: torch.Generator | None) -> Tensor:
        """What is known of each step of the given voices: (B, N, 2H)."""
        if not batch.aligned:
            raise TaskError("a model of kind 'stepwise' harmonizes: it needs pieces with given voices")
        voices = batch.voices
        cells = batch.source.view(len(batch.source), -1, voices)  # (B, N, V)
        lengths = (batch.source_lengths // voices)[:, None]
        in_bar = batch.step_in_bar[:, : batch.source.shape[1] : voices]
        outputs = self._chord(cells, noise) + self.places(in_bar, batch.steps_per_bar)
        outputs = outputs + self.phrase_end(batch.phrase_end.long())
        places = torch.arange(cells.shape[1], device=cells.device)[None]
        turned = torch.where(places < lengths, lengths - 1 - places, places)
        for layer, (forwards, backwards) in enumerate(zip(self.forwards, self.backwards, strict=True)):
            inputs = dropout(outputs, self.dropout_share, noise) if layer else outputs
            back = take(backwards(take(inputs, turned))[0], turned)
            outputs = torch.cat([forwards(inputs)[0], back], dim=-1)
        known: Tensor = outputs
        return known

    def _voices(self, cells: Tensor, noise: torch.Generator | None) -> Tensor:
        """(B, N, V) symbols to what each of them adds to its step: (B, N, V, E)."""
        voices = torch.arange(cells.shape[2], device=cells.device)
        vectors = self.table(cells) + self.places.voice(voices)
        voiced: Tensor = functional.gelu(self.sounding(dropout(vectors, self.dropout_share, noise)))
        return voiced

    def _chord(self, cells: Tensor, noise: torch.Generator | None) -> Tensor:
        """(B, N, V) symbols to one vector a step: (B, N, E)."""
        chord: Tensor = self._voices(cells, noise).sum(2)
        return chord

    def _choose(
        self,
        output: Tensor,
        known: Tensor,
        heard: Tensor,
        last: Tensor,
        noise: torch.Generator | None,
        voice: int | None = None,
    ) -> Tensor:
        """Logits (..., V, 258) of all voices of steps, or (B, 258) of one.

        Args:
            output: (..., 1, H) or (B, H) of the sayer. known: (..., 1, 2H) or (B, 2H) of the reader.
            heard: (..., V, E) or (B, E), sum of the voices said of this step.
            last: (..., V, E) or (B, E), vectors of the last symbol of each voice.
            voice: whose turn it is; None: of all in order.
        """
        wide = heard.shape[:-1]
        parts = [output.expand(*wide, -1), known.expand(*wide, -1), heard, last]
        whose = self.places.voice.weight
        turns = self.turn(whose[: wide[-1]] if voice is None else whose[voice])
        mixed = functional.gelu(self.mix(torch.cat(parts, dim=-1)) + turns)
        logits: Tensor = self.output(dropout(mixed, self.dropout_share, noise))
        return logits
