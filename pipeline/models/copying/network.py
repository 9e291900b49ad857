"""The network of the LSTM that copies.

Encoder and decoder are one LSTM: it reads the source, and the decoder goes on from
there, told the last symbol of the source where other models are told START. So
what was read and what was said are alike, and each place looks back over both.

For every place to be filled there are several opinions: the vocabulary's (from the
LSTM's state and what attention sees), and one for each way of copying, which looks
for earlier symbols before which the melody went as it goes now and says what came
there (an induction head: Olsson et al. 2022). One softmax over all earlier symbols
in each way, and one more place for the vocabulary, says how far each is believed
(a pointer sentinel: Merity et al. 2016).

How well a passage fits is learned (a product of states) and counted (how many
symbols, and how many intervals, in a row are the same): counting is what an n-gram
with a memory does, and few pieces are enough to learn what it is worth.

All but the LSTM is computed for all places at once, in columns in which all sources
end together, padding before the shorter ones. The LSTM itself reads them from the
first column on and never meets padding before the end.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from pipeline.core.vocabulary import PAD_ROW, SIZE, START
from pipeline.models.base.batches import Batch
from pipeline.models.base.interface import Looks, Seq2Seq, State
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.layers.positions import LONGEST_BAR
from pipeline.models.base.layers.recurrent import open_forget_gates, take
from pipeline.models.copying import matching
from pipeline.models.copying.attention import Attention, Copies, barrier
from pipeline.models.copying.config import Config

VOCABULARY = "vocabulary"  # the opinion that copies nothing
LEAST = 1e-30  # probability of what nobody holds possible: a logarithm stays finite


class Network(Seq2Seq):
    """An LSTM that copies.

    The state: h and c of all layers (B, L, H); of what was said before the last
    symbol the history (B, N) and what copies and attention know of it (B, N, ·); the
    last symbol of each voice (B, V), the one whose turn it is first; what START stands
    for (B,); how far into its bar the next symbol is and how many symbols a bar has
    (B,), 0 where unknown.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        hidden, size = config.hidden_size, config.attention_size
        self.symbols = _Symbols(config)
        sizes = [config.embedding_size] + [hidden] * (config.layers - 1)
        self.lstm = nn.ModuleList(nn.LSTM(size, hidden, batch_first=True) for size in sizes)
        self.attend = Attention(hidden, size)
        self.output = nn.Linear(hidden + size, SIZE)
        self.copies = Copies(config)
        self.dropout_share = config.dropout
        open_forget_gates(self)

    def forward(self, batch: Batch, noise: torch.Generator | None = None) -> Tensor:
        """See :class:`Seq2Seq`: (B, T, 258)."""
        history, outputs = self._hear(batch, noise)
        places = batch.inputs.shape[1]
        return self._say(
            outputs[:, -places:],
            (history, self.copies.context(_before_each(outputs)), self.attend.memory(outputs)),
            matching.notes_before(history, batch.voices),
            batch.previous,
            batch.stop_allowed,
            noise,
        )

    def start(self, batch: Batch) -> State:
        """Read sources up to their last symbol, which the first step reads."""
        lengths, width = batch.source_lengths - 1, batch.source.shape[1] - 1
        said = batch.source[:, : max(width, 1)]
        vectors = self.symbols(said, batch.step_in_bar[:, 1 : said.shape[1] + 1], batch.steps_per_bar, None)
        outputs, h, c = self._read(vectors, lengths)
        history, outputs = _in_columns(said, outputs, lengths, width, width)
        previous = functional.pad(history, (batch.voices, 0), value=START)[:, -batch.voices :]
        last = batch.source.gather(1, lengths[:, None])[:, 0]
        place = batch.step_in_bar.gather(1, batch.source_lengths[:, None])[:, 0]
        known = (h, c, history, self.copies.context(_before_each(outputs)), self.attend.memory(outputs))
        return *known, previous, last, place * batch.voices, batch.steps_per_bar * batch.voices

    def step(self, state: State, symbols: Tensor) -> tuple[Tensor, State]:
        """See :class:`Seq2Seq`: (B, 258) and the state after."""
        h, c, history, contexts, memory, previous, last, place, bar = state
        voices = previous.shape[1]
        read = torch.where(symbols == START, last, symbols)[:, None]  # (B, 1)
        contexts = torch.cat([contexts, self.copies.context(h[:, -1:])], dim=1)  # h is the last output
        vectors = self.symbols(read, place.div(voices, rounding_mode="floor")[:, None], bar // voices, None)
        outputs, h, c = self._run(vectors, h, c, None)
        history = torch.cat([history, read], dim=1)
        memory = torch.cat([memory, self.attend.memory(outputs)], dim=1)
        previous = torch.cat([previous[:, 1:], read], dim=1)
        border = torch.full_like(read, history.shape[1] % voices == 0, dtype=torch.bool)
        before = matching.notes_before(history, voices)
        known = (history, contexts, memory)
        logits = self._say(outputs, known, before, previous[:, :1], border, None)
        place = torch.where(bar > 0, (place + 1) % bar.clamp(min=1), place)
        return logits[:, 0], (h, c, *known, previous, last, place, bar)

    def attention(self, batch: Batch) -> Looks | None:
        """See :class:`Seq2Seq`: the attention at states after symbols, copies at what would be said again."""
        history, outputs = self._hear(batch, None)
        contexts, memory = self.copies.context(_before_each(outputs)), self.attend.memory(outputs)
        before, outputs = matching.notes_before(history, batch.voices), outputs[:, -batch.inputs.shape[1] :]
        reach = barrier(history, outputs.shape[1])
        weights = {
            "attention": self.attend.weights(outputs, memory, reach),
            **self.copies.looks(outputs, contexts, history, before, reach),
        }
        vocabulary, copied, said = self._opinions(
            outputs, (history, contexts, memory), before, batch.previous, batch.stop_allowed
        )
        true = batch.target.clamp(min=0)[..., None]  # (B, T, 1)
        beliefs = {VOCABULARY: vocabulary.sum(-1), **self._by_way(copied)}
        agreed = {VOCABULARY: vocabulary.gather(-1, true)[..., 0], **self._by_way(copied * (said == true))}
        whole = torch.stack(list(agreed.values())).sum(0).clamp(min=LEAST)
        return Looks(
            {
                name: _as_read(looks, batch.source_lengths, batch.source.shape[1])
                for name, looks in weights.items()
            },
            beliefs,
            {name: share / whole for name, share in agreed.items()},
        )

    def _hear(self, batch: Batch, noise: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """History (B, S + T - 1) and the outputs of the LSTM after each of it (B, S + T - 1, H)."""
        told = torch.cat([batch.source, batch.inputs[:, 1:]], dim=1)
        width, lengths = batch.source.shape[1], batch.source_lengths[:, None]
        places = torch.arange(batch.step_in_bar.shape[1] - 1, device=told.device)
        gap = (width - lengths) * (places >= lengths)  # the padding behind a source
        said = told.gather(1, (places + gap).clamp(max=told.shape[1] - 1))
        vectors = self.symbols(said, batch.step_in_bar[:, 1:], batch.steps_per_bar, noise)
        outputs, _, _ = self._run(vectors, None, None, noise)
        return _in_columns(said, outputs, batch.source_lengths, width, told.shape[1])

    def _run(
        self, vectors: Tensor, h: Tensor | None, c: Tensor | None, noise: torch.Generator | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs of the last layer (B, N, H), and h and c (B, L, H) after the last column."""
        outputs, after = vectors, []
        for layer, lstm in enumerate(self.lstm):
            if layer:
                outputs = dropout(outputs, self.dropout_share, noise)
            begin = None
            if h is not None and c is not None:
                begin = (h[None, :, layer].contiguous(), c[None, :, layer].contiguous())
            outputs, ended = lstm(outputs, begin)
            after.append(ended)
        h, c = (torch.cat(parts).transpose(0, 1) for parts in zip(*after, strict=True))
        return outputs, h, c

    def _read(self, vectors: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As ``_run`` without noise, h and c after as many columns of each example as ``lengths`` says."""
        outputs, after = vectors, []
        for lstm in self.lstm:
            # packed, because only so torch gives the cells at the ends; lengths of 0 it refuses
            packed = pack_padded_sequence(outputs, lengths.clamp(min=1).cpu(), True, enforce_sorted=False)
            packed, ended = lstm(packed)
            outputs, _ = pad_packed_sequence(packed, batch_first=True, total_length=vectors.shape[1])
            after.append(ended)
        begun = (lengths > 0)[:, None, None]
        h, c = (torch.cat(parts).transpose(0, 1) * begun for parts in zip(*after, strict=True))
        return outputs, h, c

    def _say(
        self,
        outputs: Tensor,
        known: tuple[Tensor, Tensor, Tensor],
        before: Tensor,
        previous: Tensor,
        stop_allowed: Tensor,
        noise: torch.Generator | None,
    ) -> Tensor:
        """(B, Q, 258) logarithms of probabilities.

        Args:
            outputs: (B, Q, H) of the LSTM before each place.
            known: history, contexts and memory, see the state.
            before: (B, N + 1) see ``matching.notes_before``.
            previous, stop_allowed: (B, Q) the grammar's state at each place.
        """
        outputs = dropout(outputs, self.dropout_share, noise)
        vocabulary, copied, said = self._opinions(outputs, known, before, previous, stop_allowed)
        return vocabulary.scatter_add(-1, said, copied).clamp(min=LEAST).log()

    def _opinions(
        self,
        outputs: Tensor,
        known: tuple[Tensor, Tensor, Tensor],
        before: Tensor,
        previous: Tensor,
        stop_allowed: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """All that is mixed, arguments as those of ``_say``.

        Returns:
            (B, Q, 258) probabilities that the vocabulary gives, (B, Q, C * N) those that the
            copies give, way by way, together 1; and (B, Q, C * N) the symbols that they give them to.
        """
        history, contexts, memory = known
        reach = barrier(history, outputs.shape[1])
        seen = self.attend(outputs, memory, reach)  # (B, Q, A)
        logits = self.output(torch.cat([outputs, seen], dim=-1))
        vocabulary = self.mask(logits, previous, stop_allowed).softmax(-1)
        its_own, copied = self.copies(outputs, contexts, history, before, reach)
        return its_own * vocabulary, copied, self.copies.said(history, before, previous)

    def _by_way(self, copied: Tensor) -> dict[str, Tensor]:
        """(B, Q) what each way of copying holds of (B, Q, C * N)."""
        ways = self.copies.ways
        return {way: held.sum(-1) for way, held in zip(ways, copied.chunk(len(ways), dim=-1), strict=True)}


class _Symbols(nn.Module):
    """Symbols, and where the ones that follow stand, to vectors: (B, N) to (B, N, E)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        size = config.embedding_size  # E
        self.table = nn.Embedding(SIZE + 1, size, padding_idx=PAD_ROW)
        self.step_in_bar = nn.Embedding(LONGEST_BAR + 1, size) if config.bars else None  # row 0: unknown
        self.steps_per_bar = nn.Embedding(LONGEST_BAR + 1, size) if config.bars else None
        for table in (self.step_in_bar, self.steps_per_bar):
            if table is not None:  # smaller than the symbols, which tell more: it learns faster so
                nn.init.normal_(table.weight, std=0.3)
        self.dropout_share = config.dropout

    def forward(
        self, symbols: Tensor, next_in_bar: Tensor, steps_per_bar: Tensor, noise: torch.Generator | None
    ) -> Tensor:
        """Read symbols.

        Args:
            next_in_bar: (B, N) position in the bar of the symbol after each, -1 for unknown.
            steps_per_bar: (B,) 0 for unknown.
        """
        vectors = self.table(symbols)
        if self.step_in_bar is not None and self.steps_per_bar is not None:
            metre = steps_per_bar * (steps_per_bar <= LONGEST_BAR)
            place = (next_in_bar + 1) * (metre > 0)[:, None]
            vectors = vectors + self.step_in_bar(place) + self.steps_per_bar(metre)[:, None]
        return dropout(vectors, self.dropout_share, noise)


def _in_columns(
    said: Tensor, outputs: Tensor, lengths: Tensor, end: int, width: int
) -> tuple[Tensor, Tensor]:
    """The same moved to the right, so that the sources, of these lengths, all end before column ``end``."""
    columns = torch.arange(width, device=said.device) - (end - lengths[:, None])  # (B, width)
    inside, columns = columns >= 0, columns.clamp(0, said.shape[1] - 1)
    return said.gather(1, columns).masked_fill(~inside, PAD_ROW), take(outputs, columns) * inside[..., None]


def _as_read(weights: Tensor, lengths: Tensor, width: int) -> Tensor:
    """(B, Q, N) moved back, so that the sources, of these lengths, all begin in the first column."""
    columns = torch.arange(weights.shape[2], device=weights.device)
    moved = columns + (width - lengths[:, None]) * (columns < width)  # (B, N)
    inside = (moved < width) | (columns >= width)
    own = weights.gather(2, moved.clamp(max=weights.shape[2] - 1)[:, None].expand(weights.shape))
    return own * inside[:, None]


def _before_each(outputs: Tensor) -> Tensor:
    """(B, N, H) the output before each column, 0 before the first."""
    return functional.pad(outputs, (0, 0, 1, 0))[:, :-1]
