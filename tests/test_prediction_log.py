"""The prediction log: a file for each day, none kept for too long, nobody's lines for ever."""

import json
import os
import threading
import time
from pathlib import Path

import pytest

from headway.prediction_log import PredictionLog

DAY = 86_400


def line(user: str, text: str = "a") -> bytes:
    return json.dumps({"time": "t", "user": user, "text": text, "prediction": "p"}).encode() + b"\n"


def age(file: Path, days: float) -> None:
    """Make the file's last line so many days old."""
    at = time.time() - days * DAY
    os.utime(file, (at, at))


def day(days_ago: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - days_ago * DAY))


def test_a_day_s_lines_are_put_away_when_the_next_begins(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, 30)
    log.append(line("ann", "yesterday"))
    age(tmp_path / "predictions.jsonl", 1)
    log.append(line("ann", "today"))
    assert (tmp_path / f"predictions-{day(1)}.jsonl").read_bytes() == line("ann", "yesterday")
    assert (tmp_path / "predictions.jsonl").read_bytes() == line("ann", "today")


def test_files_go_when_their_time_is_over(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, 7)
    for days in (6, 9):
        (tmp_path / f"predictions-{day(days)}.jsonl").write_bytes(line("ann"))
    other = tmp_path / "predictions-of-mine.jsonl"
    other.write_bytes(b"")
    assert [file.name for file in log.prune()] == [f"predictions-{day(9)}.jsonl"]
    assert (tmp_path / f"predictions-{day(6)}.jsonl").exists()
    assert other.exists()


def test_they_go_also_where_nobody_asks_any_more(tmp_path: Path) -> None:
    """The last file is not today's for ever."""
    log = PredictionLog(tmp_path, 7)
    log.append(line("ann"))
    age(tmp_path / "predictions.jsonl", 20)
    assert [file.name for file in log.prune()] == [f"predictions-{day(20)}.jsonl"]
    assert not list(tmp_path.glob("*.jsonl"))


def test_a_user_s_lines_are_removed_and_no_others(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, 30)
    log.append(line("bob") + line("ann", "bob") + line("bob"))
    age(tmp_path / "predictions.jsonl", 1)
    log.append(line("ann"))
    assert log.erase("bob") == 2
    assert (tmp_path / f"predictions-{day(1)}.jsonl").read_bytes() == line("ann", "bob")
    assert (tmp_path / "predictions.jsonl").read_bytes() == line("ann")
    assert log.erase("bob") == 0
    assert not list(tmp_path.glob("*.part"))


def test_half_a_line_takes_no_whole_one_with_it_and_is_removed_with_anybody(
    tmp_path: Path,
) -> None:
    """A machine died while it was written, or a disk was full: it may be whoever's."""
    log = PredictionLog(tmp_path, 30)
    log.append(line("ann") + b'{"user": "bob", "te')
    log.append(line("bob") + line("ann"))
    half = b'{"user": "bob", "te\n'
    assert (tmp_path / "predictions.jsonl").read_bytes() == (
        line("ann") + half + line("bob") + line("ann")
    )
    assert log.erase("bob") == 2
    assert (tmp_path / "predictions.jsonl").read_bytes() == line("ann") * 2


def test_a_day_that_comes_twice_keeps_all_its_lines(tmp_path: Path) -> None:
    """A clock was set back, or a copy brought back."""
    log = PredictionLog(tmp_path, 30)
    put_away = tmp_path / f"predictions-{day(1)}.jsonl"
    put_away.write_bytes(line("ann", "first"))
    log.append(line("ann", "second"))
    age(tmp_path / "predictions.jsonl", 1)
    log.append(line("ann", "today"))
    assert put_away.read_bytes() == line("ann", "first") + line("ann", "second")
    assert (tmp_path / "predictions.jsonl").read_bytes() == line("ann", "today")


def test_a_line_is_one_for_every_reader(tmp_path: Path) -> None:
    """Some take other characters than the line feed for the end of a line."""
    text = "a\u2028b\u2029c\x85d"
    told = json.dumps({"user": "ann", "text": text}, ensure_ascii=False).encode() + b"\n"
    PredictionLog(tmp_path, 30).append(told * 2)
    lines = (tmp_path / "predictions.jsonl").read_text().splitlines()
    assert [json.loads(one)["text"] for one in lines] == [text, text]


def test_a_file_written_anew_stays_of_its_day(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, 30)
    log.append(line("bob") + line("ann"))
    age(tmp_path / "predictions.jsonl", 2)
    log.erase("bob")
    log.append(line("ann"))
    assert (tmp_path / f"predictions-{day(2)}.jsonl").read_bytes() == line("ann")


@pytest.mark.parametrize("writers", [4])
def test_no_line_is_lost_while_others_are_removed(tmp_path: Path, writers: int) -> None:
    """As several processes would: each has a log of its own on the same directory."""

    def write(name: str) -> None:
        log = PredictionLog(tmp_path, 30)
        for number in range(100):
            log.append(line(name, str(number)) + line("bob"))

    threads = [threading.Thread(target=write, args=(f"ann-{n}",)) for n in range(writers)]
    for thread in threads:
        thread.start()
    eraser = PredictionLog(tmp_path, 30)
    while any(thread.is_alive() for thread in threads):
        eraser.erase("bob")
    eraser.erase("bob")
    told = [json.loads(one) for one in (tmp_path / "predictions.jsonl").read_text().splitlines()]
    assert len(told) == writers * 100
    for n in range(writers):
        mine = [one["text"] for one in told if one["user"] == f"ann-{n}"]
        assert mine == [str(number) for number in range(100)]
