"""When to try again: policies as data, and `with_backoff` for functions of yours."""

from headway.client.errors import Attempt
from headway.client.retry.backoff import call_with, with_backoff
from headway.client.retry.clock import Clock
from headway.client.retry.policy import BreakerRule, BudgetRule, Doubling, Policy
from headway.client.retry.trial import Retrier, attempts_of

__all__ = [
    "Attempt",
    "BreakerRule",
    "BudgetRule",
    "Clock",
    "Doubling",
    "Policy",
    "Retrier",
    "attempts_of",
    "call_with",
    "with_backoff",
]
