"""The fault matrix in full: repetitions, violations, the slowest, and the 95 % bound of "0 in n".

    python -m benchmarks.crash [--rows 1,2,9:20] [--count N] [--quick]
    python -m benchmarks.crash --engine celery --broker redis [--rows 1,2,9] [--count N]

`docs/reliability.md` says what each row is. SIGTERM ends it with what was counted until then.
Exit code 1 when a promise was broken, 2 when all were kept but something took longer than its bound.
"""

import argparse
import os
import signal
import sys
import time

from tests.crash.matrix import Row, Tally, run_row
from tests.crash.rows import ROWS
from tests.engine.kinds import LOCAL


def main(arguments: list[str]) -> int:
    """Run the rows asked for, one after the other, and print a line for each."""
    given = _parse(arguments)
    kind = _kind(given)
    wanted = [
        row
        for row in ROWS
        if (not given.rows or row.number in given.rows) and (kind == LOCAL or row.everywhere)
    ]
    broken = late = 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(kind)
    print(f"{'row':>3}  {'fault':<48} {'runs':>9} {'broken':>6} {'95 %':>6}  slowest", flush=True)
    for row in wanted:
        if (reason := row.barred()) is not None:
            print(f"{row.number:>3}  {row.title:<48} skipped: {reason}", flush=True)
            continue
        began = time.monotonic()
        count = given.rows.get(row.number) or given.count or row.full
        tally = Tally()
        whole = _run(row, count, tally, quick=given.quick, kind=kind)
        print(_line(row, count, tally, time.monotonic() - began), flush=True)
        for what in [*tally.violations[:20], *_beyond(tally)]:
            print(f"     {what}", flush=True)
        broken += len(tally.violations)
        late += any(one.beyond for one in tally.figures.values())
        if not whole:
            break
    return 1 if broken else 2 if late else 0


def _run(row: Row, count: int, tally: Tally, *, quick: bool, kind: str) -> bool:
    """Run it, and count what keeps it from its end as broken; False when the user has ended it."""
    try:
        run_row(row, count, tally, quick=quick, kind=kind)
    except KeyboardInterrupt:
        return False
    except Exception as error:  # noqa: BLE001 - one row that gets stuck must not hide the others
        tally.broken(f"it got stuck: {error!r}")
    return True


def _beyond(tally: Tally) -> list[str]:
    """What took longer than is promised, said plainly."""
    return [
        f"BEYOND ITS BOUND: {what}, {one.beyond} of {one.times} times above {one.bound:g} {one.unit}"
        for what, one in sorted(tally.figures.items())
        if one.beyond
    ]


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench crash", description=__doc__)
    parser.add_argument(
        "--rows",
        type=lambda text: dict(_numbered(one) for one in text.split(",")),
        default={},
        help="numbers, separated by commas, each with :REPETITIONS if you like; default: all",
    )
    parser.add_argument("--count", type=int, help="repetitions; default: those of the row")
    parser.add_argument("--quick", action="store_true", help="leases of 3 s instead of 10")
    parser.add_argument("--engine", choices=["local", "celery"], default="local")
    parser.add_argument(
        "--store", choices=["sqlite", "postgres"], default="sqlite", help="of the local engine"
    )
    parser.add_argument("--broker", choices=["redis", "rabbitmq", "quorum"], default="redis")
    return parser.parse_args(arguments)


def _numbered(text: str) -> tuple[int, int | None]:
    """A row's number, and how often it is to run if that was said."""
    number, _, count = text.partition(":")
    return int(number), int(count) if count else None


def _kind(given: argparse.Namespace) -> str:
    """The engine and the store that rows run on which are about any."""
    if given.engine == "local":
        return f"local on {given.store}"
    return f"celery on {given.broker.replace('quorum', 'rabbitmq quorum')}"


def _line(row: Row, count: int, tally: Tally, seconds: float) -> str:
    slowest = ", ".join(
        f"{what} {one.slowest:.2f} {one.unit} (bound {one.bound:g})"
        for what, one in sorted(tally.figures.items())
    )
    runs = f"{tally.repetitions}/{count}"
    return (
        f"{row.number:>3}  {row.title:<48} {runs:>9} {len(tally.violations):>6}"
        f" {tally.bound:>6.1%}  {slowest or '-'}"
        f"   ({seconds:.0f} s, load {os.getloadavg()[1]:.1f})"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
