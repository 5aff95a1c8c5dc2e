"""One text and what a model says about it."""

from pydantic import Field

from headway.wire.base import Answer, Request


class PredictRequest(Request):
    """One text to classify now."""

    text: str = Field(max_length=1_000_000, examples=["My invoice is wrong"])
    model: str | None = Field(default=None, min_length=1, max_length=200)
    explain: bool = Field(default=False, description="Say how much each token weighs")


class TokenWeight(Answer):
    """How much a word, a word pair or a word's characters speak for the prediction."""

    token: str
    weight: float = Field(description="In log-odds; below 0 it speaks against it")


class ExplanationView(Answer):
    """What the prediction comes from; `bias`, the weights and `rest` add up to its score."""

    label: str
    bias: float
    tokens: list[TokenWeight]
    rest: float
    score: float


class PredictAnswer(Answer):
    """What the model says about the text."""

    prediction: str
    confidence: float | None = Field(description="None where a model of one's own gives none")
    probabilities: dict[str, float]
    model: str
    model_id: str
    explanation: ExplanationView | None = Field(
        default=None, description="Only where it was asked for"
    )
