"""All that OpenAPI describes, as schemathesis asks for it; `scripts/bench fuzz` asks for longer, and
for something else each time."""

from tests.security.fuzzing import fuzz
from tests.security.server import serving

SECONDS = 25
SEED = 1


def test_no_request_finds_a_server_error_or_an_answer_that_is_not_documented() -> None:
    """In examples, coverage, fuzzing and stateful tests."""
    with serving(HEADWAY_OPERATIONS="tests.http.trial_operations") as server:
        code, told = fuzz(server, SECONDS, seed=SEED)
        assert code == 0, told[-8_000:]
        assert server.complaints() == []
