"""A request is the same one only if all of it is; what was said before there was more to say is, too."""

from typing import Any

import pytest

from headway.job_request import JobRequest, key_of

BODY = b'{"note":"x"}'


def fingerprint(**more: Any) -> str:
    wanted = JobRequest(operation="nothing", owner="ann", idempotency_key="once", **more)
    return key_of(wanted, BODY).fingerprint


def test_keys_of_before_are_still_known() -> None:
    """Written down when requests had neither."""
    assert fingerprint() == "c649c4699caa5a2e135941e088c1f704ccec3dd60ed45ebf5e014445b8771073"
    assert (
        fingerprint(unique_key="k", priority=3)
        == "86b5358e43d6ff630f1d90e20aafa8fd7708b2b226d8402edf03bf4b3064e22a"
    )


@pytest.mark.parametrize(
    "more",
    [
        {"priority": 3},
        {"run_at": 1.0},
        {"timeout": 9.0},
        {"max_attempts": 2},
        {"metadata": {"a": 1}},
        {"unique_key": "k"},
        {"notify": ()},
        {"notify": ({"webhook": "https://example.org"},)},
        {"told": {"version": 1}},
    ],
)
def test_whatever_it_says_makes_it_another(more: dict[str, Any]) -> None:
    assert fingerprint(**more) != fingerprint()
    assert fingerprint(**more) == fingerprint(**more)


def test_a_key_stands_for_what_the_client_said() -> None:
    """Not for what the input was made of beside it, which may be another the next time."""
    wanted = JobRequest(
        operation="nothing", owner="ann", idempotency_key="once", told={"version": 1}
    )
    assert key_of(wanted, b'{"against":"a"}') == key_of(wanted, b'{"against":"b"}')
