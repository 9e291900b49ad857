"""The network of the LSTM with a copy mechanism.

Encoder and decoder are one LSTM: it reads the source and continues with the target. Where
other models get START, it gets the last token of the source. So source and target are
treated alike, and each position can attend to all earlier ones.

The prediction is a mixture. One component is the vocabulary (from the LSTM's output and
attention); there is one more for each way of copying, which finds earlier passages that
are similar to the current one and predicts the token that followed (an induction head:
Olsson et al. 2022). The mixture weights are one softmax over all earlier tokens in each
way of copying and one sentinel for the vocabulary (Merity et al. 2016).

The similarity of passages is learned (a product of states) and counted (how many
consecutive tokens, and how many intervals, agree). The counts correspond to a short-term
n-gram model (as in IDyOM); their weight can be learned from few pieces.

All but the LSTM is computed for all positions at once, in columns in which all sources
end together, with padding on the left. The LSTM itself processes unpadded sequences from
the first column on, so that no padding precedes a token.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from pipeline.core.vocabulary import PAD_ID, START, VOCAB_SIZE
from pipeline.models.base.batches import Batch
from pipeline.models.base.interface import AttentionMaps, DecodingState, Seq2Seq
from pipeline.models.base.layers.chords import first_target_step
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.layers.recurrent import open_forget_gates, run_from, take
from pipeline.models.copying import matching
from pipeline.models.copying.attention import CopyMechanism, HistoryAttention, history_mask
from pipeline.models.copying.config import CopyingConfig
from pipeline.models.copying.embedding import CopyingEmbedding

VOCABULARY = "vocabulary"  # the mixture component that copies nothing
MIN_PROBABILITY = 1e-30  # of tokens that no component predicts: keeps logarithms finite


@dataclass(frozen=True)
class History(DecodingState):
    """The tokens so far, and their keys and values for attention and copies.

    Attributes:
        tokens: (B, N), see ``matching``.
        contexts: keys of the copies (B, N, C * A).
        memory: keys and values of attention (B, N, 2A).
    """

    tokens: Tensor
    contexts: Tensor
    memory: Tensor


@dataclass(frozen=True)
class CopyingState(DecodingState):
    """The state of the LSTM and its history.

    Attributes:
        h, c: of all layers (B, L, H).
        history: all tokens before the last one.
        previous: the last token of each voice (B, V), that of the predicted voice first.
        source_end: (B,) the last token of the source, the first input of the decoder in place of START.
        token_in_bar: position in the bar of the next token, in tokens (B,).
        tokens_per_bar: (B,), 0 where unknown.
        meter: (B,) see ``Batch.meter``.
        chords: (B, K, 3) see ``Batch.chords``.
        first_step: step of the piece of the first target token (B,).
        n_predicted: target tokens so far.
    """

    h: Tensor
    c: Tensor
    history: History
    previous: Tensor
    source_end: Tensor
    token_in_bar: Tensor
    tokens_per_bar: Tensor
    meter: Tensor
    chords: Tensor
    first_step: Tensor
    n_predicted: int

    def select(self, rows: Tensor) -> CopyingState:
        """See :class:`DecodingState`."""
        return replace(super().select(rows), history=self.history.select(rows))


class CopyingNetwork(Seq2Seq):
    """An LSTM with a copy mechanism."""

    def __init__(self, config: CopyingConfig) -> None:
        super().__init__()
        hidden, size = config.hidden_size, config.attention_size
        self.symbols = CopyingEmbedding(config)
        sizes = [config.embedding_size] + [hidden] * (config.layers - 1)
        self.lstm = nn.ModuleList(nn.LSTM(size, hidden, batch_first=True) for size in sizes)
        self.attend = HistoryAttention(hidden, size)
        self.output = nn.Linear(hidden + size, VOCAB_SIZE)
        self.copies = CopyMechanism(config)
        self.uses_chords = config.chords
        self.dropout_share = config.dropout
        open_forget_gates(self)

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """See :class:`Seq2Seq`: (B, T, 258)."""
        tokens, outputs = self._teacher_forced(batch, generator)
        return self._logits(
            outputs[:, -batch.inputs.shape[1] :],
            self._history(tokens, outputs),
            matching.notes_before(tokens, batch.voices),
            batch.previous,
            batch.stop_allowed,
            generator,
        )

    def start(self, batch: Batch) -> CopyingState:
        """Encode sources up to their last token, which is the input of the first step."""
        lengths, width = batch.source_lengths - 1, batch.source.shape[1] - 1
        source = batch.source[:, : max(width, 1)]
        vectors = self._embed(batch, source, None)
        outputs, h, c = self._run_packed(vectors, lengths)
        tokens, outputs = _aligned_right(source, outputs, lengths, width, width)
        return CopyingState(
            h,
            c,
            self._history(tokens, outputs),
            previous=functional.pad(tokens, (batch.voices, 0), value=START)[:, -batch.voices :],
            source_end=batch.source.gather(1, lengths[:, None])[:, 0],
            token_in_bar=batch.step_in_bar.gather(1, batch.source_lengths[:, None])[:, 0] * batch.voices,
            tokens_per_bar=batch.steps_per_bar * batch.voices,
            meter=batch.meter,
            chords=batch.chords,
            first_step=first_target_step(batch),
            n_predicted=0,
        )

    def step(self, state: CopyingState, tokens: Tensor) -> tuple[Tensor, CopyingState]:
        """See :class:`Seq2Seq`: (B, 258) and the state after."""
        voices, bar = state.previous.shape[1], state.tokens_per_bar
        read = torch.where(tokens == START, state.source_end, tokens)[:, None]  # (B, 1)
        next_in_bar = state.token_in_bar.div(voices, rounding_mode="floor")[:, None]
        next_step = (state.first_step + state.n_predicted // voices)[:, None]
        vectors = self.symbols(read, next_in_bar, bar // voices, state.meter, state.chords, next_step, None)
        outputs, h, c = self._run(vectors, state.h, state.c, None)
        history = History(
            torch.cat([state.history.tokens, read], dim=1),
            # the last layer's h before this step is the output before this column
            torch.cat([state.history.contexts, self.copies.context(state.h[:, -1:])], dim=1),
            torch.cat([state.history.memory, self.attend.memory(outputs)], dim=1),
        )
        previous = torch.cat([state.previous[:, 1:], read], dim=1)
        stop_allowed = torch.full_like(read, state.n_predicted % voices == 0, dtype=torch.bool)
        before = matching.notes_before(history.tokens, voices)
        logits = self._logits(outputs, history, before, previous[:, :1], stop_allowed, None)
        after = replace(
            state,
            h=h,
            c=c,
            history=history,
            previous=previous,
            token_in_bar=torch.where(
                bar > 0, (state.token_in_bar + 1) % bar.clamp(min=1), state.token_in_bar
            ),
            n_predicted=state.n_predicted + 1,
        )
        return logits[:, 0], after

    def attention(self, batch: Batch) -> AttentionMaps | None:
        """See :class:`Seq2Seq`: attention to states after tokens, copies to the tokens themselves."""
        tokens, all_outputs = self._teacher_forced(batch, None)
        history, before = self._history(tokens, all_outputs), matching.notes_before(tokens, batch.voices)
        outputs = all_outputs[:, -batch.inputs.shape[1] :]
        mask = history_mask(tokens, outputs.shape[1])
        weights = {
            "attention": self.attend.weights(outputs, history.memory, mask),
            **self.copies.weights(outputs, history.contexts, tokens, before, mask),
        }
        vocabulary, copied, predicted = self._components(
            outputs, history, before, batch.previous, batch.stop_allowed
        )
        true = batch.target.clamp(min=0)[..., None]  # (B, T, 1)
        of_true = {
            VOCABULARY: vocabulary.gather(-1, true)[..., 0],
            **self._by_way(copied * (predicted == true)),
        }
        total = torch.stack(list(of_true.values())).sum(0).clamp(min=MIN_PROBABILITY)
        width = batch.source.shape[1]
        return AttentionMaps(
            {name: _aligned_left(each, batch.source_lengths, width) for name, each in weights.items()},
            {VOCABULARY: vocabulary.sum(-1), **self._by_way(copied)},
            {name: probability / total for name, probability in of_true.items()},
        )

    def _teacher_forced(self, batch: Batch, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Tokens (B, S + T - 1) and the outputs of the LSTM after each of them (B, S + T - 1, H)."""
        padded = torch.cat([batch.source, batch.inputs[:, 1:]], dim=1)
        width, lengths = batch.source.shape[1], batch.source_lengths[:, None]
        positions = torch.arange(batch.step_in_bar.shape[1] - 1, device=padded.device)
        gap = (width - lengths) * (positions >= lengths)  # the padding behind a source
        tokens = padded.gather(1, (positions + gap).clamp(max=padded.shape[1] - 1))
        vectors = self._embed(batch, tokens, generator)
        outputs, _, _ = self._run(vectors, None, None, generator)
        return _aligned_right(tokens, outputs, batch.source_lengths, width, padded.shape[1])

    def _embed(self, batch: Batch, tokens: Tensor, generator: torch.Generator | None) -> Tensor:
        """Vectors (B, N, E) of the first N tokens (B, N) of each piece."""
        width = tokens.shape[1]
        next_step = (torch.arange(1, width + 1, device=tokens.device) // batch.voices).expand(tokens.shape)
        next_in_bar = batch.step_in_bar[:, 1 : width + 1]
        vectors: Tensor = self.symbols(
            tokens, next_in_bar, batch.steps_per_bar, batch.meter, batch.chords, next_step, generator
        )
        return vectors

    def _history(self, tokens: Tensor, outputs: Tensor) -> History:
        """Keys and values of tokens (B, N), given the outputs of the LSTM after each (B, N, H)."""
        before = functional.pad(outputs, (0, 0, 1, 0))[:, :-1]  # 0 before the first column
        return History(tokens, self.copies.context(before), self.attend.memory(outputs))

    def _run(
        self, vectors: Tensor, h: Tensor | None, c: Tensor | None, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs of the last layer (B, N, H), and h and c (B, L, H) after the last column."""
        outputs, after = vectors, []
        for layer, lstm in enumerate(self.lstm):
            if layer:
                outputs = dropout(outputs, self.dropout_share, generator)
            if h is None or c is None:
                outputs, final = lstm(outputs)
            else:
                outputs, final = run_from(lstm, outputs, h[:, layer], c[:, layer])
            after.append(final)
        h, c = (torch.cat(layers).transpose(0, 1) for layers in zip(*after, strict=True))
        return outputs, h, c

    def _run_packed(self, vectors: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As ``_run`` without dropout; h and c after the first ``lengths`` (B,) columns of each example."""
        outputs, after = vectors, []
        for lstm in self.lstm:
            # packed, because torch gives the cells at the ends in no other way; it refuses lengths of 0
            packed = pack_padded_sequence(outputs, lengths.clamp(min=1).cpu(), True, enforce_sorted=False)
            packed, final = lstm(packed)
            outputs, _ = pad_packed_sequence(packed, batch_first=True, total_length=vectors.shape[1])
            after.append(final)
        begun = (lengths > 0)[:, None, None]
        h, c = (torch.cat(layers).transpose(0, 1) * begun for layers in zip(*after, strict=True))
        return outputs, h, c

    def _logits(
        self,
        outputs: Tensor,
        history: History,
        before: Tensor,
        previous: Tensor,
        stop_allowed: Tensor,
        generator: torch.Generator | None,
    ) -> Tensor:
        """(B, Q, 258) logarithms of the mixture's probabilities.

        Args:
            outputs: (B, Q, H) of the LSTM before each position.
            history: of N columns.
            before: (B, N + 1) see ``matching.notes_before``.
            previous, stop_allowed: (B, Q) the grammar's state at each position.
            generator: of dropout.
        """
        outputs = dropout(outputs, self.dropout_share, generator)
        vocabulary, copied, tokens = self._components(outputs, history, before, previous, stop_allowed)
        return vocabulary.scatter_add(-1, tokens, copied).clamp(min=MIN_PROBABILITY).log()

    def _components(
        self, outputs: Tensor, history: History, before: Tensor, previous: Tensor, stop_allowed: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The components of the mixture; arguments as those of ``_logits``.

        Returns:
            (B, Q, 258) weighted probabilities of the vocabulary, (B, Q, C * N) those of the
            copies, way by way, together 1; and (B, Q, C * N) the tokens of the copies.
        """
        mask = history_mask(history.tokens, outputs.shape[1])
        context = self.attend(outputs, history.memory, mask)  # (B, Q, A)
        logits = self.output(torch.cat([outputs, context], dim=-1))
        vocabulary = self.mask(logits, previous, stop_allowed).softmax(-1)
        weight, copied = self.copies(outputs, history.contexts, history.tokens, before, mask)
        return weight * vocabulary, copied, self.copies.tokens(history.tokens, before, previous)

    def _by_way(self, copied: Tensor) -> dict[str, Tensor]:
        """(B, Q) sums of (B, Q, C * N) by way of copying."""
        ways = self.copies.ways
        return {way: each.sum(-1) for way, each in zip(ways, copied.chunk(len(ways), dim=-1), strict=True)}


def _aligned_right(
    tokens: Tensor, outputs: Tensor, lengths: Tensor, end: int, width: int
) -> tuple[Tensor, Tensor]:
    """The same moved right, so that the sources, of these lengths, all end before column ``end``."""
    columns = torch.arange(width, device=tokens.device) - (end - lengths[:, None])  # (B, width)
    inside, columns = columns >= 0, columns.clamp(0, tokens.shape[1] - 1)
    moved = tokens.gather(1, columns).masked_fill(~inside, PAD_ID)
    return moved, take(outputs, columns) * inside[..., None]


def _aligned_left(weights: Tensor, lengths: Tensor, width: int) -> Tensor:
    """(B, Q, N) moved back, so that the sources, of these lengths, all start in the first column."""
    columns = torch.arange(weights.shape[2], device=weights.device)
    moved = columns + (width - lengths[:, None]) * (columns < width)  # (B, N)
    inside = (moved < width) | (columns >= width)
    own = weights.gather(2, moved.clamp(max=weights.shape[2] - 1)[:, None].expand(weights.shape))
    return own * inside[:, None]
