"""The network of the transformer.

An encoder reads the source, a decoder says the target (Vaswani et al. 2017), with
norms before each part (Xiong et al. 2020). No place has a number of its own: every
head learns how much it likes each distance (Shaw et al. 2018, as a bias: Raffel et
al. 2020), counted in symbols from the place that is to be said, over the border of
source and target too; where voices are given, source and target lie one on the other. A
melody is no other melody when it begins later.

Attention is torch's own kernel. Where the decoder says symbol after symbol, keys
and values of all places before are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.core.vocabulary import PAD_ROW, SIZE
from pipeline.models.base.batches import Batch
from pipeline.models.base.interface import Looks, Seq2Seq, State
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.layers.positions import LONGEST_BAR, MOST_VOICES, in_bar_at, steps_of_target
from pipeline.models.transformer.config import Config

NEVER = float("-inf")


class Network(Seq2Seq):
    """Encoder-decoder transformer.

    The state: keys and values of the source (B, L, S, 2, D) and of what was said
    (B, L, t, 2, D); where the source has padding (B, S); how far before the target it begins
    and how long its bars are (B,); positions in the bar by step (B, K); zeros (B, V), one a voice.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.symbols = _Symbols(config)
        self.encoder = nn.ModuleList(_EncoderLayer(config) for _ in range(config.layers))
        self.decoder = nn.ModuleList(_DecoderLayer(config) for _ in range(config.layers))
        self.read, self.said = nn.LayerNorm(config.size), nn.LayerNorm(config.size)
        self.output = nn.Linear(config.size, SIZE)
        self.dropout_share = config.dropout

    def forward(self, batch: Batch, noise: torch.Generator | None = None) -> Tensor:
        """See :class:`Seq2Seq`: (B, T, 258)."""
        vectors, _, _ = self._decode(batch, noise)
        return self._say(vectors, noise)

    def start(self, batch: Batch) -> State:
        """Read sources; nothing is said yet."""
        memory = self._read(batch, None)
        return (
            memory,
            memory[:, :, :0],
            batch.source == PAD_ROW,
            _begins_before(batch),
            batch.steps_per_bar,
            steps_of_target(batch),
            torch.zeros(len(memory), batch.voices, device=memory.device),
        )

    def step(self, state: State, symbols: Tensor) -> tuple[Tensor, State]:
        """See :class:`Seq2Seq`: (B, 258) and the state after."""
        memory, said, padding, ahead, metres, told, voices = state
        n_said, n_voices = said.shape[2], voices.shape[1]
        place = torch.full((1,), n_said, device=symbols.device)
        in_bar = in_bar_at(told, metres, n_said // n_voices)
        vectors = self.symbols(symbols[:, None], in_bar, metres, place % n_voices, None)
        own = _View((n_said - torch.arange(n_said + 1, device=symbols.device))[None, None])
        source = _view_of_source(ahead, place, padding)
        kept = []
        for number, layer in enumerate(cast("list[_DecoderLayer]", self.decoder)):
            kept.append(torch.cat([said[:, number], layer.remember(vectors)], dim=1))
            vectors = layer.look_at_own(vectors, kept[-1], own, None)
            vectors = layer.look_at_source(vectors, memory[:, number], source, None)
        after = (memory, torch.stack(kept, dim=1), padding, ahead, metres, told, voices)
        return self._say(vectors, None)[:, 0], after

    def attention(self, batch: Batch) -> Looks | None:
        """See :class:`Seq2Seq`: at the source, the mean of all heads of the last layer."""
        _, seen_by_last, (memory, source) = self._decode(batch, None)
        last = cast("list[_DecoderLayer]", self.decoder)[-1]
        looks = last.source.weights(last.before_source(seen_by_last), memory, source)
        return Looks({"attention": looks}, {}, {})

    def _read(self, batch: Batch, noise: torch.Generator | None) -> Tensor:
        """What every layer of the decoder knows of the source: keys and values (B, L, S, 2, D)."""
        padding = batch.source == PAD_ROW
        places = torch.arange(batch.source.shape[1], device=batch.source.device)
        in_bar = batch.step_in_bar[:, : len(places)]
        vectors = self.symbols(batch.source, in_bar, batch.steps_per_bar, places % batch.voices, noise)
        view = _View((places[:, None] - places)[None], _barrier(padding))
        for layer in cast("list[_EncoderLayer]", self.encoder):
            vectors = layer(vectors, view, noise)
        vectors = self.read(vectors)
        layers = cast("list[_DecoderLayer]", self.decoder)
        return torch.stack([layer.source.remember(vectors) for layer in layers], dim=1)

    def _decode(
        self, batch: Batch, noise: torch.Generator | None
    ) -> tuple[Tensor, Tensor, tuple[Tensor, _View]]:
        """Vectors of all places of the target (B, T, D), and how the last layer looks at the source.

        Returns:
            The vectors, those with which the last layer looks, and its keys, values and view.
        """
        memory = self._read(batch, noise)
        places = torch.arange(batch.inputs.shape[1], device=batch.inputs.device)
        in_bar = _places_of_target(batch)[:, : len(places)]
        vectors = self.symbols(batch.inputs, in_bar, batch.steps_per_bar, places % batch.voices, noise)
        apart = places[:, None] - places
        own = _View(apart[None], torch.zeros(apart.shape, device=apart.device).masked_fill(apart < 0, NEVER))
        source = _view_of_source(_begins_before(batch), places, batch.source == PAD_ROW)
        for number, layer in enumerate(cast("list[_DecoderLayer]", self.decoder)):
            looking = layer.look_at_own(vectors, layer.remember(vectors), own, noise)
            vectors = layer.look_at_source(looking, memory[:, number], source, noise)
        return vectors, looking, (memory[:, -1], source)

    def _say(self, vectors: Tensor, noise: torch.Generator | None) -> Tensor:
        said: Tensor = self.output(dropout(self.said(vectors), self.dropout_share, noise))
        return said


@dataclass(frozen=True)
class _View:
    """What queries see of keys.

    Attributes:
        apart: (1 or B, Q, K) int64, how many places each key lies before each query.
        barrier: 0, or -inf where a key must not be seen; to be broadcast to (B, heads, Q, K).
    """

    apart: Tensor
    barrier: Tensor | float = 0.0


class _EncoderLayer(nn.Module):
    """Attention to the source itself, then each place by itself."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.before_own, self.own = nn.LayerNorm(config.size), _Attention(config)
        self.think = _Thinking(config)
        self.dropout_share = config.dropout

    def forward(self, vectors: Tensor, view: _View, noise: torch.Generator | None) -> Tensor:
        """(B, S, D) to the same."""
        own = self.before_own(vectors)
        seen = self.own(own, self.own.remember(own), view)
        thought: Tensor = self.think(vectors + dropout(seen, self.dropout_share, noise), noise)
        return thought


class _DecoderLayer(nn.Module):
    """Attention to what was said, then to the source, then each place by itself."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.before_own, self.own = nn.LayerNorm(config.size), _Attention(config)
        self.before_source, self.source = nn.LayerNorm(config.size), _Attention(config)
        self.think = _Thinking(config)
        self.dropout_share = config.dropout

    def remember(self, vectors: Tensor) -> Tensor:
        """Keys and values (B, T, 2, D) of what is said."""
        return self.own.remember(self.before_own(vectors))

    def look_at_own(self, vectors: Tensor, own: Tensor, view: _View, noise: torch.Generator | None) -> Tensor:
        """Look at what was said, whose keys and values are ``own``."""
        seen = self.own(self.before_own(vectors), own, view)
        return vectors + dropout(seen, self.dropout_share, noise)

    def look_at_source(
        self, vectors: Tensor, memory: Tensor, view: _View, noise: torch.Generator | None
    ) -> Tensor:
        """Look at the source, whose keys and values are ``memory``, and think."""
        seen = self.source(self.before_source(vectors), memory, view)
        thought: Tensor = self.think(vectors + dropout(seen, self.dropout_share, noise), noise)
        return thought


class _Thinking(nn.Module):
    """Two layers at each place by itself."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        wide = config.widening * config.size
        self.before = nn.LayerNorm(config.size)
        self.widen, self.narrow = nn.Linear(config.size, wide), nn.Linear(wide, config.size)
        self.dropout_share = config.dropout

    def forward(self, vectors: Tensor, noise: torch.Generator | None) -> Tensor:
        """(B, N, D) to the same."""
        thought = self.narrow(functional.gelu(self.widen(self.before(vectors))))
        return vectors + dropout(thought, self.dropout_share, noise)


class _Attention(nn.Module):
    """Attention of several heads, each with a liking for every distance."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.heads, self.distances = config.heads, config.distances
        self.query = nn.Linear(config.size, config.size)
        self.memory = nn.Linear(config.size, 2 * config.size)
        self.output = nn.Linear(config.size, config.size)
        self.liking = nn.Embedding(2 * config.distances + 1, config.heads)
        nn.init.zeros_(self.liking.weight)

    def remember(self, vectors: Tensor) -> Tensor:
        """Keys and values (B, K, 2, D) of vectors (B, K, D)."""
        return torch.stack(self.memory(vectors).chunk(2, dim=-1), dim=2)

    def forward(self, vectors: Tensor, memory: Tensor, view: _View) -> Tensor:
        """What is seen (B, Q, D).

        Args:
            vectors: (B, Q, D).
            memory: (B, K, 2, D), see ``remember``.
            view: of these queries on these keys.
        """
        keys, values = (self._by_head(part) for part in memory.unbind(2))
        seen = functional.scaled_dot_product_attention(
            self._by_head(self.query(vectors)), keys, values, attn_mask=self._bias(view)
        )
        gathered: Tensor = self.output(seen.transpose(1, 2).flatten(2))
        return gathered

    def weights(self, vectors: Tensor, memory: Tensor, view: _View) -> Tensor:
        """(B, Q, K), the mean of all heads; each row sums to 1."""
        keys, queries = self._by_head(memory[:, :, 0]), self._by_head(self.query(vectors))
        energies = queries @ keys.transpose(2, 3) * queries.shape[-1] ** -0.5
        looks: Tensor = (energies + self._bias(view)).softmax(-1).mean(1)
        return looks

    def _bias(self, view: _View) -> Tensor:
        rows = view.apart.clamp(-self.distances, self.distances) + self.distances
        bias: Tensor = self.liking(rows).permute(0, 3, 1, 2) + view.barrier  # (1 or B, heads, Q, K)
        return bias

    def _by_head(self, vectors: Tensor) -> Tensor:
        """(B, K, D) as (B, heads, K, D / heads)."""
        return vectors.view(*vectors.shape[:2], self.heads, -1).transpose(1, 2)


class _Symbols(nn.Module):
    """Symbols and where they stand, to vectors (B, N, D)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.table = nn.Embedding(SIZE + 1, config.size, padding_idx=PAD_ROW)
        self.voice = nn.Embedding(MOST_VOICES, config.size)
        self.step_in_bar = (
            nn.Embedding(LONGEST_BAR + 1, config.size) if config.bars else None
        )  # row 0: unknown
        self.steps_per_bar = nn.Embedding(LONGEST_BAR + 1, config.size) if config.bars else None
        for table in self.children():
            nn.init.normal_(table.weight, std=config.size**-0.5)  # type: ignore[arg-type]
        self.dropout_share = config.dropout

    def forward(
        self, symbols: Tensor, in_bar: Tensor, metres: Tensor, voices: Tensor, noise: torch.Generator | None
    ) -> Tensor:
        """Read symbols.

        Args:
            in_bar: (B, N) position in the bar, -1 for unknown.
            metres: (B,) steps per bar, 0 for unknown.
            voices: (N,) the voice of each place.
        """
        vectors = self.table(symbols) + self.voice(voices)
        if self.step_in_bar is not None and self.steps_per_bar is not None:
            known = metres * (metres <= LONGEST_BAR)
            place = (in_bar + 1) * (known > 0)[:, None]
            vectors = vectors + self.step_in_bar(place) + self.steps_per_bar(known)[:, None]
        return dropout(vectors, self.dropout_share, noise)


def _barrier(padding: Tensor) -> Tensor:
    """-inf at padding, for all heads and queries: (B, 1, 1, S)."""
    return torch.zeros(padding.shape, device=padding.device).masked_fill(padding, NEVER)[:, None, None]


def _begins_before(batch: Batch) -> Tensor:
    """(B,) how many places before the target its source begins: none where it stands beside it."""
    return batch.source_lengths * (not batch.aligned)


def _view_of_source(ahead: Tensor, places: Tensor, padding: Tensor) -> _View:
    """What places of the target see of a source that begins so far before it."""
    columns = torch.arange(padding.shape[1], device=ahead.device)
    return _View((ahead[:, None] + places)[:, :, None] - columns, _barrier(padding))


def _places_of_target(batch: Batch) -> Tensor:
    """(B, ·) positions in the bar of the target's places; of those behind its end, anything."""
    width = batch.step_in_bar.shape[1]
    places = torch.arange(width, device=batch.step_in_bar.device) + batch.source_lengths[:, None]
    return batch.step_in_bar.gather(1, places.clamp(max=width - 1))
