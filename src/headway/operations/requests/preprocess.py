"""What `preprocess` takes: a list of steps, each with a name and its options."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from headway.context import ColumnOf, DatasetName
from headway.operations.requests.base import (
    ColumnName,
    Label,
    Name,
    OperationRequest,
    exactly_one,
    two_columns,
)

MAX_STEPS: Final = 30


class Normalise(OperationRequest):
    """Write equal characters equally, and white space as single spaces."""

    step: Literal["normalise"]
    form: Literal["NFC", "NFKC"] = Field(
        default="NFC", description="NFKC also makes ligatures and full-width letters plain ones."
    )
    white_space: bool = Field(default=True, description="Runs of white space become one space.")


class LowerCase(OperationRequest):
    """Make all letters of the texts small."""

    step: Literal["lower_case"]


class StripHtml(OperationRequest):
    """Take tags, comments, scripts and styles out of the texts, and resolve entities."""

    step: Literal["strip_html"]


class DropEmpty(OperationRequest):
    """Drop rows without a text."""

    step: Literal["drop_empty"]
    label: bool = Field(default=True, description="Also those without a label, if there is one.")


class DropDuplicates(OperationRequest):
    """Keep the first of equal rows."""

    step: Literal["drop_duplicates"]
    by: Literal["text", "text_and_label"] = "text"


class FilterLength(OperationRequest):
    """Keep texts that are neither too short nor too long."""

    step: Literal["filter_length"]
    least: int = Field(default=1, ge=0, le=10**9)
    most: int | None = Field(default=None, ge=1, le=10**9)
    unit: Literal["characters", "words"] = "characters"

    @model_validator(mode="after")
    def _some_length_fits(self) -> Self:
        if self.most is not None and self.most < self.least:
            raise ValueError(f"expected most >= least, got: {self.most} < {self.least}")
        return self


class FilterLabels(OperationRequest):
    """Keep the rows of some labels, or drop them."""

    step: Literal["filter_labels"]
    keep: list[Label] | None = Field(default=None, min_length=1, max_length=1000)
    drop: list[Label] | None = Field(default=None, min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        exactly_one(keep=self.keep, drop=self.drop)
        return self


class MapLabels(OperationRequest):
    """Rename labels; several to the same name are merged."""

    step: Literal["map_labels"]
    labels: dict[Label, Label] = Field(min_length=1, max_length=1000)
    others: Literal["keep", "drop"] = Field(
        default="keep", description="What happens to rows of labels that are not named."
    )


class Split(OperationRequest):
    """Make data sets to train, to validate and to test with: each label in each by its share, and
    equal texts all on one side."""

    step: Literal["split"]
    train: float = Field(default=0.8, gt=0, lt=1)
    validation: float = Field(default=0.1, ge=0, lt=1)
    test: float = Field(default=0.1, ge=0, lt=1)

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"expected shares that add up to 1, got: {total:.6g}")
        return self


class Balance(OperationRequest):
    """Give every label the same number of rows: of a split, in the part to train with."""

    step: Literal["balance"]
    method: Literal["undersample", "oversample"] = Field(
        default="undersample",
        description="Drop rows of the frequent labels, or repeat rows of the rare ones.",
    )


Step = Annotated[
    Normalise
    | LowerCase
    | StripHtml
    | DropEmpty
    | DropDuplicates
    | FilterLength
    | FilterLabels
    | MapLabels
    | Split
    | Balance,
    Field(discriminator="step"),
]


class Recipe(OperationRequest):
    """Steps, and the columns they work on."""

    text: Annotated[ColumnName | None, ColumnOf("data")] = Field(
        default=None, description="The column with the texts; without it, guessed."
    )
    label: Annotated[ColumnName | None, ColumnOf("data")] = Field(
        default=None, description="The column with the labels; without it, guessed."
    )
    steps: list[Step] = Field(
        min_length=1,
        max_length=MAX_STEPS,
        description="In this order; split, then balance, last.",
        examples=[[{"step": "strip_html"}, {"step": "filter_length", "least": 3}]],
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="For split and balance.")

    @property
    def splits(self) -> bool:
        """Whether several data sets come of it."""
        return any(step.step == "split" for step in self.steps)

    @model_validator(mode="after")
    def _two_columns(self) -> Self:
        two_columns(self.text, self.label)
        return self

    @model_validator(mode="after")
    def _order(self) -> Self:
        names = [step.step for step in self.steps]
        last = [name for name in names if name in ("split", "balance")]
        if last not in ([], ["split"], ["balance"], ["split", "balance"]) or (
            last and names[-len(last) :] != last
        ):
            raise ValueError(
                "expected at most one split and one balance, in that order and after all other"
                f" steps, got: {', '.join(names)}"
            )
        return self


class Preprocess(Recipe):
    """Make a new data set from one, step by step."""

    data: DatasetName = Field(description="The data set to start from. It stays as it is.")
    name: Name | None = Field(
        default=None,
        description="The new data set's name; a split adds -train, -validation and -test."
        " Without it, that of `data` and `-clean`.",
    )


class PreviewRecipe(Recipe):
    """Steps to try on the first rows of a data set."""

    rows: int = Field(default=100, ge=1, le=1000, description="How many rows to try them on.")
