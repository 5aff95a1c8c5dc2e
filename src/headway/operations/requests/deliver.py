"""What a delivery is told. The store writes it down in the transaction in which a job ends."""

from pydantic import BaseModel


class DeliverNotice(BaseModel):
    """One notice for one target."""

    target: dict[str, str]
    """`webhook` or `email`, and where."""
    job_id: str
    job_type: str
    owner: str
    status: str
    completed_at: float
    error: str | None = None
    secrets: list[str] = []
    """What signs it: the owner's, and for a day the one before."""
    message_id: str | None = None
    """Of the message that this one repeats."""
