"""A claim's token is its own: whoever acts between two statements of a claim, no two have the same."""

from collections.abc import Callable
from itertools import count

from headway.store.attempts import SqlAttempts
from headway.store.contract import Store
from headway.store.sql_store import SqlStore
from headway.store.values.attempts import Claim, Want
from headway.verdict import Stopped
from tests.contract.acts import add, claims, complete, conclude, join, lapse, now_of, report
from tests.contract.interrupting import Interrupting
from tests.contract.opening import kind_of

STOPPED = Stopped("the worker was stopped")


class Moment:
    """The n-th moment at which others can act; they do so then, and once."""

    def __init__(self, number: int, act: Callable[[], None]) -> None:
        self._number = number
        self._act = act
        self.passed = 0

    def __call__(self) -> None:
        self.passed += 1
        if self.passed == self._number:
            self._act()


def claim_amid(store: Store, address: str, worker: str, others: Callable[[], None]) -> list[Claim]:
    """What the worker gets while others act."""
    assert isinstance(store, SqlStore)
    database = store._database  # noqa: SLF001 - they act between its statements
    within = kind_of(address) == "postgres"
    attempts = SqlAttempts(Interrupting(database, others, within=within))
    return attempts.claim(worker, [Want(("resize",), 1)])


def test_a_job_that_others_had_meanwhile_is_claimed_anew(store: Store, address: str) -> None:
    """Or not at all; whatever moment they choose, the claim is what the store holds."""
    first, second = join(store), join(store)

    def others() -> None:
        for held in claims(store, second):
            assert conclude(store, held, STOPPED)

    for number in count(1):
        job = add(store)
        moment = Moment(number, others)
        got = claim_amid(store, address, first, moment)
        assert [one.job for one in got] == [now_of(store, job)]
        assert store.attempts.held(first) == {(one.job.seq, one.token) for one in got}
        assert all(complete(store, one) for one in got)
        if moment.passed < number:
            return


def test_a_job_that_others_claim_right_after_has_another_token(store: Store, address: str) -> None:
    """The worker was declared dead as soon as its claim was written: what it says is not heard."""
    first, second = join(store), join(store)
    taken: list[Claim] = []

    def others() -> None:
        if store.attempts.held(first):
            lapse(store, first)
            assert store.workers.reap([first], 10) == 1
            taken.extend(claims(store, second))

    add(store)
    (lost,) = claim_amid(store, address, first, others)
    (held,) = taken
    assert (held.job.seq, held.token) == (lost.job.seq, lost.token + 1)
    assert not report(store, lost, progress=50.0)
    assert report(store, held, progress=50.0)
