"""The section ``split`` of a data set."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from pipeline.core.settings import Section
from pipeline.errors import PipelineError


class SplitError(PipelineError):
    """A piece of a data set is of no family, or of no published split."""


Embargoes = Literal["none", "soft"]


class AnyKind(Section):
    """What all kinds have in common.

    Attributes:
        embargo: ``soft`` sets training pieces apart that are relatives of a held-out piece;
            without effect where nothing is held out.
    """

    embargo: Embargoes = "none"

    def holds_after(self, earlier: AnyKind) -> bool:
        """Whether pieces held out by this split are so for weights trained on an earlier one.

        The earlier data set may have an embargo that this one lacks, but not the other way round.
        """
        same = self.model_copy(update={"embargo": earlier.embargo}) == earlier
        return same and (self.embargo == "none" or earlier.embargo == "soft")


class NoSplit(AnyKind):
    """All pieces train, and evaluation uses the same."""

    kind: Literal["none"]


class Shares(AnyKind):
    """What the kinds that draw have in common.

    Attributes:
        seed: data sets with the same seed agree on every family.
        valid, test: shares of what is drawn; the rest is train.
    """

    seed: int = Field(ge=-(2**63), lt=2**63)
    valid: float = Field(ge=0.0, lt=1.0)
    test: float = Field(ge=0.0, lt=1.0)

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


class PublishedSplit(AnyKind):
    """As the corpora themselves publish it; relatives may be on both sides."""

    kind: Literal["published"]


AnySplit = NoSplit | FamilySplit | RandomSplit | PublishedSplit
Split = Annotated[AnySplit, Field(discriminator="kind")]
SPLIT: TypeAdapter[AnySplit] = TypeAdapter(Split)
