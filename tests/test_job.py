"""What a job is, and which moves it can make."""

from headway.job import FINISHED, MOVES, Counts, Status


def test_a_finished_state_is_one_that_only_a_retry_by_hand_leaves() -> None:
    assert {status for status in Status if status.finished} == FINISHED
    for status in FINISHED:
        assert MOVES[status] <= {Status.PENDING}


def test_counts_add_up() -> None:
    counts = Counts(100, 40, 5)
    assert counts.remaining == 55
    assert Counts(None, 40, 5).remaining is None
