"""A training loop as one writes it for PyTorch, here in NumPy: batches, epochs, a checkpoint after each.
A killed training goes on at its next epoch, and ends with the very numbers of one never killed.

HEADWAY_OPERATIONS=training_loop headway serve
headway submit fit --epochs 200 --watch
"""

import io

import numpy as np
from pydantic import BaseModel, Field

from headway import Context, operation


class Training(BaseModel):
    """How to train, and on how many rows."""

    epochs: int = Field(default=50, ge=1, le=10_000)
    rows: int = Field(default=5_000, ge=100, le=1_000_000)
    rate: float = Field(default=0.1, gt=0)


@operation("fit", timeout=3600)
def fit(request: Training, ctx: Context) -> dict[str, float]:
    """Learn to tell two clouds of points apart."""
    points, labels = clouds(request.rows)
    weights, done = np.zeros(points.shape[1]), 0
    if ctx.resumed:  # like load_state_dict(torch.load(...))
        weights = np.load(io.BytesIO(ctx.resumed.blob() or b""), allow_pickle=False)
        done = ctx.resumed.state["epoch"]
    loss = accuracy = 0.0
    for epoch in range(done + 1, request.epochs + 1):
        order = np.random.default_rng(epoch).permutation(request.rows)
        for batch in np.array_split(order, 20):
            error = guess(points[batch], weights) - labels[batch]
            weights -= request.rate * points[batch].T @ error / len(batch)
        right = np.where(labels == 1, guess(points, weights), 1 - guess(points, weights))
        loss, accuracy = float(-np.mean(np.log(right))), float(np.mean(right > 0.5))
        ctx.metric({"loss": loss, "accuracy": accuracy}, step=epoch)
        ctx.progress(100 * epoch / request.epochs, f"epoch {epoch}")
        file = io.BytesIO()
        np.save(file, weights)
        ctx.checkpoint({"epoch": epoch}, file.getvalue())
    return {"loss": loss, "accuracy": accuracy}


def clouds(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The same points each time, in 20 dimensions, and the cloud that each is of."""
    random = np.random.default_rng(7)
    labels = random.integers(0, 2, rows).astype(float)
    return random.normal(0, 1, (rows, 20)) + 0.4 * labels[:, None] - 0.2, labels


def guess(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How likely each point is of the second cloud."""
    likely: np.ndarray = 1 / (1 + np.exp(-(points @ weights)))
    return likely
