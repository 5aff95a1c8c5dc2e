"""One text and what a model says about it."""

from pydantic import Field

from headway.wire.base import Answer, Request


class PredictRequest(Request):
    """One text to classify now."""

    text: str = Field(max_length=1_000_000, examples=["My invoice is wrong"])
    model: str | None = Field(default=None, min_length=1, max_length=200)


class PredictAnswer(Answer):
    """What the model says about the text."""

    prediction: str
    confidence: float
    probabilities: dict[str, float]
    model: str
    model_id: str
