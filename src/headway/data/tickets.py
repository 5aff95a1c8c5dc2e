"""Synthetic support tickets: sentences of ours, put together by chance. No person wrote any of them.

They are made to be learnable but not trivially so: tickets mention a second matter, have typing
errors, or hold nothing but small talk, and one in fifty has the wrong label.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

GENERATOR: Final = 1
"""Counts up when the same seed gives other tickets."""

LABELS: Final = ("billing", "bug", "delivery", "feature", "login", "refund")

_WRONG_LABEL: Final = 0.02
_VAGUE: Final = 0.02
_SECOND_MATTER: Final = 0.09
_TYPING_ERROR: Final = 0.25

_MATTERS: Final[dict[str, tuple[str, ...]]] = {
    "billing": (
        "I was charged {amount} twice for the {plan} plan",
        "the invoice of {month} shows the wrong {invoice_part}",
        "why did my monthly fee go up to {amount}",
        "please change the card that pays for our {plan} subscription",
        "we need a receipt for {amount} paid in {month}",
        "the tax on the {month} invoice is not right",
        "my payment of {amount} is still pending after {days} days",
        "you billed us for {count} seats, we have fewer",
    ),
    "bug": (
        "the {feature} crashes when I open it on my {device}",
        "I get error {code} each time I use the {feature}",
        "since the update the {feature} shows an empty page",
        "the {feature} is stuck at {count} percent on my {device}",
        "clicking save in the {feature} does nothing",
        "numbers in the {feature} are wrong after {month}",
        "the app freezes for {count} seconds when the {feature} loads",
        "dates in the {feature} are off by one day",
    ),
    "delivery": (
        "my {item} has not arrived after {days} days",
        "the courier left the {item} at the wrong address",
        "tracking for order {code} has not moved since {month}",
        "where is my {item}, it was promised within {days} days",
        "can you send the {item} to another address",
        "the parcel with the {item} came open and wet",
        "order {code} is marked delivered but nothing came",
        "how long does shipping of a {item} take",
    ),
    "feature": (
        "it would be great if the {feature} could work on my {device}",
        "please add a dark theme to the {feature}",
        "could you support exports from the {feature}",
        "is there a plan to bring the {feature} to {device} users",
        "we would love to share the {feature} with {count} colleagues",
        "an option to sort the {feature} by date would help",
        "do you have an interface for developers to the {feature}",
        "I suggest keyboard shortcuts for the {feature}",
    ),
    "login": (
        "I cannot sign in on my {device}",
        "the password reset mail never arrives",
        "my account is locked after {count} attempts",
        "the code for two factor sign in is refused",
        "it says unknown user although I registered in {month}",
        "I am logged out of the {feature} every few minutes",
        "please unlock the account of my colleague",
        "how do I change the mail address I sign in with",
    ),
    "refund": (
        "I want my {amount} back for the {item}",
        "please refund order {code}",
        "the {item} is broken and I would like my money back",
        "I sent the {item} back {days} days ago and got no refund",
        "how do I return a {item}",
        "I cancelled the {plan} plan, when do I get the {amount} back",
        "you promised a refund of {amount} in {month}",
        "the {item} does not fit, can I return it",
    ),
}

_SLOTS: Final[dict[str, tuple[str, ...]]] = {
    "amount": ("9 euros", "19.90", "49 dollars", "120 pounds", "7.50", "300 dollars"),
    "plan": ("basic", "team", "business", "yearly", "student"),
    "month": ("January", "March", "May", "July", "September", "November", "last month"),
    "invoice_part": ("address", "amount", "company name", "number of seats"),
    "days": ("2", "3", "5", "8", "10", "14", "20"),
    "count": ("3", "12", "20", "45", "60", "99"),
    "feature": (
        "dashboard",
        "report",
        "calendar",
        "search",
        "mobile app",
        "editor",
        "inbox",
        "import",
    ),
    "device": ("phone", "laptop", "tablet", "work computer", "iPad", "Android phone"),
    "code": ("E-104", "500", "A7731", "40311", "X-9", "88120"),
    "item": (
        "keyboard",
        "jacket",
        "lamp",
        "backpack",
        "pair of shoes",
        "monitor",
        "coffee machine",
    ),
}

_OPENINGS: Final = (
    "",
    "",
    "",
    "Hello, ",
    "Hi there, ",
    "Good morning, ",
    "Dear team, ",
    "Hey, ",
    "Urgent: ",
    "Sorry to bother you again, but ",
    "This is my second message: ",
    "Quick question: ",
)
_ASIDES: Final = (" By the way, ", " Also, ", " One more thing: ", " Besides, ")
_CLOSINGS: Final = (
    "",
    "",
    "",
    " Thanks!",
    " Please help.",
    " Can someone look into this?",
    " Kind regards, Alex",
    " I am rather disappointed.",
    " Is there anything I can do?",
    " Thank you for your time.",
    " Please call me.",
    " I have been a customer for years.",
)
_VAGUE_TICKETS: Final = (
    "please call me back",
    "is anybody there?",
    "it still does not work",
    "see the attached file",
    "I have a question",
    "what is the state of my request?",
    "nobody has answered me yet",
)


def tickets(rows: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield `rows` pairs of (text, label); the same ones for the same seed on every machine."""
    # Of `Random` only `random()` is promised to stay the same from one Python to the next.
    chance = Random(seed).random
    templates = {label: [_parts(text) for text in texts] for label, texts in _MATTERS.items()}

    def one_of(options: tuple[str, ...]) -> str:
        return options[int(chance() * len(options))]

    def matter(label: str) -> str:
        choices = templates[label]
        words = choices[int(chance() * len(choices))]
        return "".join([one_of(_SLOTS[part]) if slot else part for slot, part in words])

    def ticket(label: str) -> str:
        if chance() < _VAGUE:
            return one_of(_OPENINGS) + one_of(_VAGUE_TICKETS)
        text = one_of(_OPENINGS) + matter(label) + "."
        if chance() < _SECOND_MATTER:
            text += one_of(_ASIDES) + matter(one_of(LABELS)) + "."
        return text + one_of(_CLOSINGS)

    for _ in range(rows):
        label = one_of(LABELS)
        text = ticket(label)
        if chance() < _TYPING_ERROR:
            text = _mistyped(text, chance())
        yield text, one_of(LABELS) if chance() < _WRONG_LABEL else label


def _parts(template: str) -> list[tuple[bool, str]]:
    """`"a {b} c"` as [(False, "a "), (True, "b"), (False, " c")]."""
    pieces = template.replace("}", "{").split("{")
    return [(bool(i % 2), piece) for i, piece in enumerate(pieces)]


def _mistyped(text: str, where: float) -> str:
    """The text with two neighbouring letters swapped."""
    at = int(where * (len(text) - 1))
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
