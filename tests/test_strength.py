"""What is tried first when passwords are guessed."""

import pytest

from headway.strength import is_guessable


@pytest.mark.parametrize(
    "password",
    """
    password password1 P@ssw0rd! 12345678 1234567890 qwertyuiop iloveyou1 letmein2024 aaaaaaaa
    abcabcabc sunshine! football7 welcome123 admin123 1q2w3e4r 1qaz2wsx superman1 trustno1 dragon2020
    passwordpassword qwerty123 secret123 secret456 changeme monkey123 p4ssword michael1 starwars
    87654321 asdfghjkl summer2025 abcd1234 iloveyou charlie1 12341234 a1b2c3d4 Headway1 ALICE2024
    """.split(),  # noqa: SIM905 - as a list of lists
)
def test_what_everybody_tries_is_guessable(password: str) -> None:
    assert is_guessable(password, names=("alice",))


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "a quiet river at dawn",
        "my dog barks at 6",
        "x7#kLp2q",
        "ünïcödé pässwörter sind gut",
        "пароль которого нет в списках, и ещё немного букв сверху 12345 67",
        "tr0ub4dor&3",
    ],
)
def test_what_somebody_thought_of_is_not(password: str) -> None:
    """No rules of composition: spaces, any letters, no digit needed."""
    assert not is_guessable(password, names=("alice",))
