"""The section ``split`` of a data set."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from pipeline.core.settings import Section
from pipeline.errors import PipelineError


class SplitError(PipelineError):
    """A piece of a data set has no family, or no published split."""


Embargoes = Literal["none", "soft"]


class AnyKind(Section):
    """Settings common to all kinds of split.

    Attributes:
        embargo: ``soft`` excludes training pieces that are relatives of a held-out piece;
            it has no effect if nothing is held out.
    """

    embargo: Embargoes = "none"

    def holds_after(self, earlier: AnyKind) -> bool:
        """Whether pieces held out by this split were also held out of training on an earlier data set.

        The earlier data set may have an embargo that this one does not have, but not vice versa.
        """
        same = self.model_copy(update={"embargo": earlier.embargo}) == earlier
        return same and (self.embargo == "none" or earlier.embargo == "soft")


class NoSplit(AnyKind):
    """All pieces are training pieces, and evaluation uses the same pieces."""

    kind: Literal["none"]


class Shares(AnyKind):
    """Settings common to the kinds that assign pieces by hash.

    Attributes:
        seed: data sets with the same seed assign every family to the same split.
        valid, test: shares of the pieces or families; the rest is train.
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
    """Assign whole tune families by shares; no family is divided."""

    kind: Literal["family"]


class RandomSplit(Shares):
    """Assign single pieces by shares, the common practice; relatives may be on both sides."""

    kind: Literal["random"]


class PublishedSplit(AnyKind):
    """The split that the corpora publish; relatives may be on both sides."""

    kind: Literal["published"]


AnySplit = NoSplit | FamilySplit | RandomSplit | PublishedSplit
Split = Annotated[AnySplit, Field(discriminator="kind")]
SPLIT: TypeAdapter[AnySplit] = TypeAdapter(Split)
