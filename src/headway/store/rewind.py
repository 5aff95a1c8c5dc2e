"""Taking back what was published after the checkpoint that an attempt really starts from.

Its newest checkpoints could not be read, so it will make those items again. The rows of those
checkpoints go too: should one of them become readable again, its items would be missing.
"""

from headway.store.database import Transaction
from headway.store.values.attempts import Rewind


def undone_counts(tx: Transaction, seq: int, to: Rewind) -> tuple[int, int]:
    """How many succeeded and failed items a rewind takes back."""
    row = tx.row(
        "SELECT coalesce(sum(count - failed), 0), coalesce(sum(failed), 0) FROM parts"
        " WHERE job = :job AND first >= :items",
        {"job": seq, "items": to.items},
    )
    assert row is not None
    return int(row[0]), int(row[1])


def rewind(tx: Transaction, seq: int, to: Rewind) -> None:
    """Forget the parts and checkpoints that came after. Their files are nobody's from now on."""
    tx.run(
        "DELETE FROM parts WHERE job = :job AND first >= :items", {"job": seq, "items": to.items}
    )
    tx.run(
        "DELETE FROM checkpoints WHERE job = :job AND number > :number",
        {"job": seq, "number": to.checkpoint},
    )
