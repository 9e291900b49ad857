"""The section ``split`` of a data set."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from pipeline.core.settings import Section
from pipeline.errors import PipelineError


class SplitError(PipelineError):
    """A piece of a data set is of no family, or of no published split."""


Embargoes = Literal["none", "soft"]


class NoSplit(Section):
    """All pieces train, and evaluation uses the same.

    Attributes:
        embargo: without effect, as nothing is held out.
    """

    kind: Literal["none"]
    embargo: Embargoes = "none"


class Shares(Section):
    """What the kinds that draw have in common.

    Attributes:
        seed: data sets with the same seed agree on every family.
        valid, test: shares of what is drawn; the rest is train.
        embargo: ``soft`` sets training pieces apart that are relatives of a held-out piece.
    """

    seed: int = Field(ge=-(2**63), lt=2**63)
    valid: float = Field(ge=0.0, lt=1.0)
    test: float = Field(ge=0.0, lt=1.0)
    embargo: Embargoes = "none"

    @model_validator(mode="after")
    def _something_to_train(self) -> Shares:
        if self.valid + self.test >= 1:
            raise ValueError("valid and test together must leave a share to train")
        return self


class FamilySplit(Shares):
    """Whole tune families by shares; no family is divided."""

    kind: Literal["family"]


class RandomSplit(Shares):
    """Single pieces by shares, as is customary; relatives end up on both sides."""

    kind: Literal["random"]


class PublishedSplit(Section):
    """As the corpora themselves publish it; relatives may be on both sides.

    Attributes:
        embargo: as of ``Shares``.
    """

    kind: Literal["published"]
    embargo: Embargoes = "none"


AnySplit = NoSplit | FamilySplit | RandomSplit | PublishedSplit
Split = Annotated[AnySplit, Field(discriminator="kind")]
SPLIT: TypeAdapter[AnySplit] = TypeAdapter(Split)
