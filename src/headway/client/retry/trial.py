"""One call from its first attempt to its last: the loop, without a socket and without a clock of its own."""

import logging
import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headway.client.errors import Attempt, CircuitOpen, ClientError
from headway.client.retry.budget import Breaker, Budget
from headway.client.retry.clock import SYSTEM, Clock
from headway.client.retry.failure import Failure, Response, answer_in, failure_in, failure_of
from headway.client.retry.policy import Policy, Uniform

_log = logging.getLogger("headway.client")
_MARK: Final = "headway_attempts"
"""Not `attempts`: that name may be taken in an error of somebody else."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """Close an answer that nobody will read, so that its connection is free for the next attempt."""

    response: Any


class Retrier:
    """A policy at work, with the budget and the breaker that its calls share. Threads and loops may
    use one together."""

    def __init__(
        self, policy: Policy, *, clock: Clock = SYSTEM, uniform: Uniform = random.uniform
    ) -> None:
        self.policy = policy
        self.clock = clock
        self.uniform = uniform
        self.budget = Budget(policy.budget)
        self.breaker = Breaker(policy.breaker, clock)

    def trial(self) -> "Trial":
        """Begin a call."""
        return Trial(self)


class Trial:
    """What is known of one call so far."""

    def __init__(self, retrier: Retrier) -> None:
        self._retrier = retrier
        self._began = retrier.clock.monotonic()
        self._paid = 0
        self._failed = 0
        self.attempts: list[Attempt] = []
        self.ended_by = ""
        """Why there was no further attempt."""

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline; None without one."""
        deadline = self._retrier.policy.deadline
        if deadline is None:
            return None
        return max(0.0, self._began + deadline - self._retrier.clock.monotonic())

    def succeeded(self) -> None:
        """The call has its answer."""
        self._retrier.budget.put_back(self._paid)
        self._retrier.breaker.answered()

    def failure_in(self, response: Response) -> Failure | None:
        """What an answer says is wrong; None for one that no other attempt would change."""
        return failure_in(response, self._retrier.policy, now=self._retrier.clock.wall())

    def failed(self, failure: Failure) -> float | None:
        """Seconds to wait before the next attempt; None when there is none."""
        if failure.unwell:
            self._retrier.breaker.failed()
        delay = self._delay_after(failure)
        self._failed += 1
        self.attempts.append(Attempt(self._failed, failure.reason, delay))
        if delay is not None:
            _log.warning(
                "attempt %d of %d failed: %s; again in %.2f s",
                self._failed, self._retrier.policy.attempts, failure.reason, delay,
            )  # fmt: skip
        return delay

    def _delay_after(self, failure: Failure) -> float | None:
        policy, asked = self._retrier.policy, failure.retry_after or 0.0
        if not failure.worth_another(policy):
            return self._end("another attempt cannot cure it, or is not safe")
        if self._failed + 1 >= policy.attempts:
            return self._end(f"{policy.attempts} attempts were made")
        delay = max(policy.delays.delay(self._failed, self._retrier.uniform), asked)
        if asked > policy.longest_retry_after:
            return self._end(f"the server asks to be left alone for {asked:g} s")
        if self.remaining is not None and delay >= self.remaining:
            return self._end(f"the deadline of {policy.deadline:g} s is too near")
        paid = self._retrier.budget.pay(failure)
        if paid is None:
            return self._end("the retry budget is spent")
        self._paid = paid
        return delay

    def _end(self, why: str) -> float | None:
        self.ended_by = why
        return None

    def may_go_on(self) -> bool:
        """False when the deadline passed, or the breaker opened, while the call waited."""
        if self.remaining == 0.0:
            self._end("the deadline passed")
            return False
        try:
            self._retrier.breaker.admit()
        except CircuitOpen as error:
            if not self.attempts:
                raise
            self._end(str(error))
            return False
        return True


Once = Callable[[Trial], Generator[Any, Any, Any]]


def repeated(trial: Trial, once: Once) -> Generator[Any, Any, Any]:
    """The answer of the attempt that succeeded, or that no other attempt could better. Raise the last
    error with its history when none did."""
    last: Exception | None = None
    while trial.may_go_on():
        try:
            response = yield from once(trial)
        except Exception as error:
            response = answer_in(error)
            failure = failure_of(error) if response is None else trial.failure_in(response)
            if failure is None or was_repeated(error):
                raise  # a defect, a verdict, or an error that has had all its attempts further in
            last = chained(error, last)
        else:
            failure = trial.failure_in(response)
            if failure is None:
                trial.succeeded()
                return response
            yield Drop(response)
            last = chained(status_error(response), last)
        delay = trial.failed(failure)
        if delay is None:
            break
        yield Wait(delay)
    assert last is not None, "the first attempt is always made"
    raise with_history(last, trial)


def status_error(response: Any) -> Exception:
    """The error that the answer's own library raises for its status."""
    try:
        response.raise_for_status()
    except RuntimeError:  # an answer without a request: nobody sent it
        pass
    except Exception as error:
        if answer_in(error) is not None:
            return error
        raise
    return ClientError(f"expected an answer of success, got: HTTP {response.status_code}")


def chained(error: Exception, before: Exception | None) -> Exception:
    """The error with the one of the attempt before it as its cause, if it has no other."""
    if error.__cause__ is None and before is not error:
        error.__cause__ = before
    return error


def with_history(error: Exception, trial: Trial) -> Exception:
    """The error that ends a call, with every attempt in its notes and under `attempts_of`."""
    mark_as_repeated(error, tuple(trial.attempts))
    note_attempts(error, trial.attempts)
    error.add_note(f"no further attempt: {trial.ended_by}")
    return error


def note_attempts(error: Exception, attempts: Sequence[Attempt]) -> None:
    """Let the error's notes tell each attempt that failed."""
    for one in attempts:
        waited = "" if one.waited is None else f"; waited {one.waited:.2f} s"
        error.add_note(f"attempt {one.number}: {one.reason}{waited}")


def mark_as_repeated(error: Exception, attempts: tuple[Attempt, ...]) -> None:
    """Let every helper further out know that these attempts were all that there should be."""
    setattr(error, _MARK, attempts)


def attempts_of(error: BaseException) -> tuple[Attempt, ...]:
    """The attempts that an error ended; empty for one that has no history."""
    found: tuple[Attempt, ...] = getattr(error, _MARK, ())
    return found


def was_repeated(error: BaseException) -> bool:
    """True when a helper further in has tried this as often as it should be tried."""
    return hasattr(error, _MARK)
