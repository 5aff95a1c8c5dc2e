"""Noise on the sockets changes nothing for others; `scripts/bench noise` makes ten minutes of it."""

from tests.security.noise import make_noise
from tests.security.server import serving


def test_random_bytes_break_nothing() -> None:
    """Not one 500, no defect in the log, and everybody else is answered meanwhile."""
    with serving() as server:
        tally = make_noise(server, 5, seed=20_261_128, least=11)
        assert server.complaints() == []
    assert tally.unanswered == 0
    assert tally.server_errors == 0
