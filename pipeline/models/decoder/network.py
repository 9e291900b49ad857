"""The network of the decoder-only LSTM: one LSTM over the tokens of all voices.

It is the language model of BachBot (Liang et al. 2017, ISMIR) over the tokens of this project. A piece
to be continued is its prompt. Of given voices its input is the tokens up to the current
position, not their future.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from pipeline.core.vocabulary import PAD_ID, VOCAB_SIZE
from pipeline.models.base.batches import Batch
from pipeline.models.base.interface import DecodingState, Seq2Seq
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.layers.positions import PositionEmbedding, step_in_bar_at, target_steps_in_bar
from pipeline.models.base.layers.recurrent import open_forget_gates, run_from
from pipeline.models.decoder.config import DecoderConfig


@dataclass(frozen=True)
class DecoderState(DecodingState):
    """The state of the LSTM.

    Attributes:
        h, c: of all layers (B, L, H).
        step_in_bar: (B, K) see ``target_steps_in_bar``.
        steps_per_bar: (B,), 0 where unknown.
        meter: (B,) see ``Batch.meter``.
        voices: V.
        n_predicted: target tokens so far, given ones included.
    """

    h: Tensor
    c: Tensor
    step_in_bar: Tensor
    steps_per_bar: Tensor
    meter: Tensor
    voices: int
    n_predicted: int


class DecoderNetwork(Seq2Seq):
    """A decoder-only LSTM."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.table = nn.Embedding(VOCAB_SIZE + 1, config.embedding_size, padding_idx=PAD_ID)
        self.places = PositionEmbedding(config.embedding_size, config.meter)
        sizes = [config.embedding_size] + [hidden] * (config.layers - 1)
        self.lstm = nn.ModuleList(nn.LSTM(size, hidden, batch_first=True) for size in sizes)
        self.output = nn.Linear(hidden, VOCAB_SIZE)
        self.dropout_share = config.dropout
        open_forget_gates(self)

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """See :class:`Seq2Seq`: (B, T, 258)."""
        h, c = self._encode(batch, generator)
        positions = torch.arange(batch.inputs.shape[1], device=batch.inputs.device)
        columns = (positions + batch.source_lengths[:, None]).clamp(max=batch.step_in_bar.shape[1] - 1)
        step_in_bar, voices = batch.step_in_bar.gather(1, columns), positions % batch.voices
        vectors = self._embed(batch.inputs, step_in_bar, batch.steps_per_bar, batch.meter, voices, generator)
        outputs, _, _ = self._run(vectors, h, c, generator)
        return self._logits(outputs, generator)

    def start(self, batch: Batch) -> DecoderState:
        """Encode the prompts; given voices are not encoded yet."""
        h, c = self._encode(batch, None)
        return DecoderState(
            h, c, target_steps_in_bar(batch), batch.steps_per_bar, batch.meter, batch.voices, 0
        )

    def step(self, state: DecoderState, tokens: Tensor) -> tuple[Tensor, DecoderState]:
        """See :class:`Seq2Seq`: (B, 258) and the state after."""
        step, voice = divmod(state.n_predicted, state.voices)
        voices = torch.full((1,), voice, device=tokens.device)
        step_in_bar = step_in_bar_at(state.step_in_bar, state.steps_per_bar, step)
        vectors = self._embed(tokens[:, None], step_in_bar, state.steps_per_bar, state.meter, voices, None)
        outputs, h, c = self._run(vectors, state.h, state.c, None)
        return self._logits(outputs, None)[:, 0], replace(state, h=h, c=c, n_predicted=state.n_predicted + 1)

    def _encode(self, batch: Batch, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """H and c (B, L, H) after the sources; zeros where the sources cover the targets' own steps."""
        if batch.aligned:
            empty = torch.zeros(
                len(batch.source), len(self.lstm), self.output.in_features, device=batch.source.device
            )
            return empty, empty
        positions = torch.arange(batch.source.shape[1], device=batch.source.device)
        step_in_bar, voices = batch.step_in_bar[:, : len(positions)], positions % batch.voices
        outputs = self._embed(batch.source, step_in_bar, batch.steps_per_bar, batch.meter, voices, generator)
        after = []
        for layer, lstm in enumerate(self.lstm):
            if layer:
                outputs = dropout(outputs, self.dropout_share, generator)
            # packed, because torch gives the cells at the ends of sequences in no other way
            packed, final = lstm(
                pack_padded_sequence(outputs, batch.source_lengths.cpu(), True, enforce_sorted=False)
            )
            outputs, _ = pad_packed_sequence(packed, True, total_length=outputs.shape[1])
            after.append(final)
        h, c = (torch.cat(layers).transpose(0, 1) for layers in zip(*after, strict=True))
        return h, c

    def _run(
        self, vectors: Tensor, h: Tensor, c: Tensor, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs of the last layer (B, N, H), and h and c (B, L, H) after them."""
        outputs, after = vectors, []
        for layer, lstm in enumerate(self.lstm):
            if layer:
                outputs = dropout(outputs, self.dropout_share, generator)
            outputs, final = run_from(lstm, outputs, h[:, layer], c[:, layer])
            after.append(final)
        h, c = (torch.cat(layers).transpose(0, 1) for layers in zip(*after, strict=True))
        return outputs, h, c

    def _embed(
        self,
        tokens: Tensor,
        step_in_bar: Tensor,
        steps_per_bar: Tensor,
        meter: Tensor,
        voices: Tensor,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Tokens with the positions of the tokens that follow them: (B, N, E)."""
        vectors = self.table(tokens) + self.places(step_in_bar, steps_per_bar, meter, voices)
        return dropout(vectors, self.dropout_share, generator)

    def _logits(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        logits: Tensor = self.output(dropout(outputs, self.dropout_share, generator))
        return logits
