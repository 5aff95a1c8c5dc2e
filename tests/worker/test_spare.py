"""A worker wants no more than its resources are enough for, whichever jobs it gets."""

from headway.operation import Operation
from headway.worker.spare import Spare
from tests.worker.operations_under_test import Nothing


def of(name: str, **resources: int) -> Operation:
    return Operation(name=name, function="nowhere:none", input=Nothing, resources=resources)


PLAIN, ONE, TWO = of("plain"), of("one", gpu=1), of("two", gpu=2)


def test_what_takes_nothing_is_wanted_as_often_as_there_is_room() -> None:
    want = Spare({}, []).want([PLAIN], 5)
    assert (want.operations, want.limit) == (["plain"], 5)


def test_what_there_is_not_enough_for_is_not_wanted() -> None:
    want = Spare({"gpu": 1}, []).want([PLAIN, TWO], 5)
    assert (want.operations, want.limit) == (["plain"], 5)


def test_all_jobs_of_a_want_may_be_the_hungriest() -> None:
    want = Spare({"gpu": 5}, [{"gpu": 1}]).want([PLAIN, ONE, TWO], 5)
    assert (want.operations, want.limit) == (["plain", "one", "two"], 2)


def test_what_one_want_has_spoken_for_is_not_there_for_the_next() -> None:
    spare = Spare({"gpu": 3}, [])
    assert spare.want([ONE], 2).limit == 2
    assert spare.want([PLAIN, ONE], 9).limit == 1
    assert spare.want([PLAIN, ONE], 9).operations == ["plain"]
