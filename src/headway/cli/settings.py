"""`headway settings`: what each setting is, and where that was said."""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from headway.environment import PREFIX, READ_ELSEWHERE
from headway.errors import SettingsError
from headway.masking import MASK, masked_url
from headway.settings import URL, WHOLE, Settings


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting as it is in effect."""

    name: str
    value: Any
    """Fit to be shown: no secret is in it."""
    origin: str
    description: str


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway settings", description="Show every setting, and where it was set."
    )
    parser.add_argument("--data-dir", type=Path, help="where everything is kept")
    parser.add_argument("--json", action="store_true", help="as one JSON document")
    return parser


def run(given: argparse.Namespace) -> int:
    """Tell; exit code 1 when the service would not start with these settings."""
    unknown = unknown_names(os.environ)
    known = {name: value for name, value in os.environ.items() if name not in unknown}
    options = {} if given.data_dir is None else {"data_dir": given.data_dir}
    shown, wrong = _effective(known, options)
    problems = [*wrong, *(sentence for sentence in unknown.values())]
    if given.json:
        told = {"settings": [asdict(one) for one in shown], "problems": problems}
        print(json.dumps(told, indent=2, default=str))
    else:
        for one in shown:
            print(f"{one.name:<{_widest()}}  {_text(one.value):<28}  {one.origin}")
        for problem in problems:
            print(f"headway settings: {problem}", file=sys.stderr)
    return 1 if problems else 0


def unknown_names(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables with our prefix that set nothing, each with a sentence about it."""
    known = [PREFIX + field.upper() for field in Settings.model_fields]
    return {
        name: f"{name} is not a setting{_meant(name, [*known, *READ_ELSEWHERE])}"
        for name in environ
        if name.startswith(PREFIX) and name not in known and name not in READ_ELSEWHERE
    }


def _meant(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"; was {close[0]} meant?" if close else ": unset it"


def _effective(
    environ: Mapping[str, str], options: dict[str, Any]
) -> tuple[list[Shown], list[str]]:
    """All settings as far as they can be told, and what is wrong with them."""
    wrong = []
    try:
        settings: Settings | None = Settings.from_env(environ, **options)
    except SettingsError as error:
        settings = None
        wrong.append(str(error))
    return [_shown(field, environ, options, settings) for field in Settings.model_fields], wrong


def _shown(
    field: str, environ: Mapping[str, str], options: dict[str, Any], settings: Settings | None
) -> Shown:
    name = PREFIX + field.upper()
    info = Settings.model_fields[field]
    origin = "environment" if name in environ else "default"
    if field in options:
        origin = f"--{field.replace('_', '-')}"
    if settings is not None:
        value = getattr(settings, field)
    elif origin == "environment":
        value = environ[name]
    else:
        value = options.get(field, info.get_default(call_default_factory=True))
    return Shown(name, _masked(field, value), origin, info.description or "")


def _masked(field: str, value: Any) -> Any:
    """The value without what nobody should see over a shoulder."""
    if value is None:
        return None
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    mark = Settings.model_fields[field].json_schema_extra
    if mark == WHOLE:
        return MASK
    if mark == URL:
        return masked_url(str(value))
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _widest() -> int:
    return max(len(PREFIX + field) for field in Settings.model_fields)
