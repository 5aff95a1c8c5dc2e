"""Answers that are given again: what every store promises of them."""

import pytest

from headway.errors import KeyInUse, KeyReused
from headway.store.contract import Store
from headway.store.values.answers import KeptAnswer
from headway.store.values.submission import IdempotencyKey

LONG = 3600.0


def key(fingerprint: str = "this") -> IdempotencyKey:
    return IdempotencyKey(scope="POST /keys", key="k", fingerprint=fingerprint)


def test_the_first_is_to_answer_and_the_second_gets_that_answer(store: Store) -> None:
    assert store.answers.begin("alice", key(), patience=LONG) is None
    given = KeptAnswer(201, '{"name": "ä"}')
    store.answers.keep("alice", key(), given)
    assert store.answers.begin("alice", key(), patience=LONG) == given
    assert store.answers.begin("bob", key(), patience=LONG) is None


def test_a_secret_answer_is_known_to_have_been_given(store: Store) -> None:
    store.answers.begin("alice", key(), patience=LONG)
    store.answers.keep("alice", key(), KeptAnswer(201, None))
    assert store.answers.begin("alice", key(), patience=LONG) == KeptAnswer(201, None)


def test_nobody_else_is_to_answer_meanwhile(store: Store) -> None:
    store.answers.begin("alice", key(), patience=LONG)
    with pytest.raises(KeyInUse):
        store.answers.begin("alice", key(), patience=LONG)


def test_what_was_never_answered_may_be_answered_after_a_while(store: Store) -> None:
    store.answers.begin("alice", key(), patience=LONG)
    assert store.answers.begin("alice", key(), patience=0.0) is None
    with pytest.raises(KeyInUse):
        store.answers.begin("alice", key(), patience=LONG)


def test_a_key_is_good_for_one_request(store: Store) -> None:
    store.answers.begin("alice", key(), patience=LONG)
    with pytest.raises(KeyReused):
        store.answers.begin("alice", key("another"), patience=LONG)
    store.answers.keep("alice", key(), KeptAnswer(204, ""))
    with pytest.raises(KeyReused):
        store.answers.begin("alice", key("another"), patience=LONG)


def test_a_refused_request_leaves_its_key_free(store: Store) -> None:
    store.answers.begin("alice", key(), patience=LONG)
    store.answers.drop("alice", key())
    assert store.answers.begin("alice", key("another"), patience=LONG) is None


def test_answers_go_with_their_user_and_with_time(store: Store) -> None:
    for owner in ("alice", "bob"):
        store.answers.begin(owner, key(), patience=LONG)
        store.answers.keep(owner, key(), KeptAnswer(204, ""))
    store.erasure.erase_rest("alice")
    assert store.answers.begin("alice", key(), patience=LONG) is None
    assert store.retention.tidy(workers=LONG, keys=LONG, tombstones=LONG) == 0
    assert store.retention.tidy(workers=LONG, keys=-1.0, tombstones=LONG) == 2
    assert store.answers.begin("bob", key(), patience=LONG) is None
