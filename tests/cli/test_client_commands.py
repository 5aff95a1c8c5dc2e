"""The commands that speak to a service, against one: what they print, and how they end."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from headway.cli import main
from tests.cli.conftest import Service

pytestmark = pytest.mark.usefixtures("signed_in")

Capture = pytest.CaptureFixture[str]


def ran(capsys: Capture, *arguments: str, code: int = 0) -> str:
    """What a command prints, if it ends with this code."""
    capsys.readouterr()
    ended = main(list(arguments))
    said = capsys.readouterr()
    assert ended == code, said.err
    return said.out


def as_json(capsys: Capture, *arguments: str) -> Any:
    return json.loads(ran(capsys, *arguments, "--json"))


def submitted(capsys: Capture, *arguments: str) -> str:
    return ran(capsys, "submit", *arguments).strip()


def test_submit_alone_lists_what_there_is(capsys: Capture) -> None:
    lines = ran(capsys, "submit").splitlines()
    told = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1:]}
    assert told["fit"] == "Learn to tell two clouds of points apart."
    assert not told["train_model"].startswith("str(")
    assert {"train_model", "import_csv", "nothing"} <= told.keys()


def test_the_schema_s_fields_are_options(capsys: Capture) -> None:
    """To ask for them submits nothing."""
    before = as_json(capsys, "jobs", "--limit", "1000")
    with pytest.raises(SystemExit) as left:
        main(["submit", "fit", "--help"])
    assert left.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "--epochs N at least 1, at most 10000, default 50" in told
    assert "--watch" in told
    known = [one["job_id"] for one in as_json(capsys, "jobs", "--limit", "1000")]
    assert known == [one["job_id"] for one in before]


def test_a_field_called_like_an_option_of_the_command_has_another_name(capsys: Capture) -> None:
    job_id = submitted(capsys, "ring", "--input-url", "http://x.example", "--input-key", "k")
    ran(capsys, "watch", job_id)
    (job,) = [one for one in as_json(capsys, "jobs") if one["job_id"] == job_id]
    assert job["result"] == {"url": "http://x.example", "key": "k"}


def test_a_submitted_job_is_told_and_can_be_followed(capsys: Capture) -> None:
    job_id = submitted(capsys, "fit", "--epochs", "3", "--rows", "200")
    lines = ran(capsys, "watch", job_id).splitlines()
    assert lines[0] == "pending"
    assert [line.split()[:2] for line in lines if line.startswith("step")] == [
        ["step", "1"], ["step", "2"], ["step", "3"],
    ]  # fmt: skip
    assert lines[-1].startswith('completed: {"loss":')


def test_submit_and_watch_are_one_command(capsys: Capture) -> None:
    out = ran(capsys, "submit", "fit", "--epochs", "2", "--rows", "200", "--watch")
    assert out.splitlines()[-1].startswith("completed: ")


def test_a_whole_input_is_given_as_json(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As text, as a file, from standard input; options win over it. The answer is JSON then."""
    file = tmp_path / "input.json"
    file.write_text('{"note": "of a file"}')
    monkeypatch.setattr("sys.stdin", io.StringIO('{"note": "of stdin"}'))
    for given, options, note in (
        ('{"note": "of text"}', [], "of text"),
        (f"@{file}", [], "of a file"),
        ("-", [], "of stdin"),
        ('{"note": "of text"}', ["--note", "of an option"], "of an option"),
    ):
        out = ran(capsys, "submit", "nothing", "--json", given, *options)
        job_id = json.loads(out)["job_id"]
        ran(capsys, "watch", job_id)
        (job,) = [one for one in as_json(capsys, "jobs") if one["job_id"] == job_id]
        assert job["result"] == {"note": note}


def test_a_batch_is_submitted_with_an_uploaded_file(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("where is my parcel\nI want my money back\n")
    file_id = ran(capsys, "upload", str(file)).strip()
    assert as_json(capsys, "upload", str(file))["id"] == file_id
    out = ran(capsys, "submit", "batch_predict", "--file", file_id, "--watch")
    assert '"predicted": 2' in out.splitlines()[-1]


def test_how_a_job_is_run_can_be_said(capsys: Capture) -> None:
    out = ran(
        capsys, "submit", "nothing", "--priority", "urgent", "--timeout", "5",
        "--max-attempts", "2", "--key", "once", "--json", "{}",
    )  # fmt: skip
    job = json.loads(out)
    assert (job["priority"], job["timeout"], job["max_attempts"]) == (0, 5.0, 2)
    again = ran(
        capsys, "submit", "nothing", "--priority", "urgent", "--timeout", "5",
        "--max-attempts", "2", "--key", "once",
    )  # fmt: skip
    assert again.strip() == job["job_id"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["submit", "no_such"], 1, "expected one of ask_model, batch_predict"),
        (["submit", "fit", "--epochs", "0"], 1, "/epochs: Input should be greater than or equal"),
        (["submit", "fit", "--json", "[]"], 1, "expected a JSON object, got: list"),
        (["submit", "fit", "--json", "{"], 1, "expected the input as JSON"),
        (["submit", "fit", "--json", "@/no/such"], 1, "expected a file at /no/such"),
        (["submit", "fit", "--json", '{"epochs": "\\ud800"}'], 1, "expected the input as JSON"),
        (["watch", "no-such-job"], 4, "Job not found"),
        (["results", "no-such-job"], 4, "Job not found"),
        (["cancel", "no-such-job"], 4, "Job not found"),
        (["retry", "no-such-job"], 4, "Job not found"),
        (["promote", "no-such-model", "1"], None, "no-such-model"),
        (["import", "/no/such.csv"], 1, "expected a CSV file, got /no/such.csv"),
    ],
)
def test_a_refusal_is_a_sentence_and_a_code(
    capsys: Capture, arguments: list[str], code: int | None, sentence: str
) -> None:
    ended = main(arguments)
    assert ended == code if code is not None else ended != 0
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.out == ""


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_bytes_that_are_no_text_are_refused_in_a_sentence(
    service: Service, locale: str, tmp_path: Path
) -> None:
    """As an argument, on standard input, in a file or a variable."""
    file = tmp_path / "binary"
    file.write_bytes(b"{\xff}")
    for arguments, stdin, more, sentence in (
        ([b"predict", b"\xff"], b"", {}, b"expected text in utf-8"),
        ([b"predict"], b"\xff\n", {}, b"expected text in utf-8"),
        ([b"submit", b"nothing", b"--json", b"-"], b"{\xff}", {}, b"expected "),
        (
            [b"submit", b"nothing", b"--json", f"@{file}".encode()],
            b"",
            {},
            b"expected JSON in UTF-8",
        ),
        ([b"jobs"], b"", {b"HEADWAY_TOKEN": "é".encode()}, b"expected HEADWAY_TOKEN of visible"),
        ([b"login"], b"", {b"HEADWAY_PASSWORD": b"\xff"}, b"expected text in utf-8"),
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "headway", *arguments],
            env=os.environb | {b"LC_ALL": locale.encode()} | more,
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert ended.returncode == 1, ended.stderr
        assert sentence in ended.stderr
        assert b"Traceback" not in ended.stderr


def test_an_option_that_the_schema_has_not_is_wrong_usage(capsys: Capture) -> None:
    for arguments in (["--epoch-s", "3"], ["--epochs", "many"], ["--epochs", "9" * 30]):
        with pytest.raises(SystemExit) as left:
            main(["submit", "fit", *arguments])
        assert left.value.code == 2


def test_the_exit_code_says_how_the_job_ended(capsys: Capture) -> None:
    failed = submitted(capsys, "fail", "--note", "no luck")
    out = ran(capsys, "watch", failed, code=10)
    assert out.splitlines()[-1] == "failed: expected success, got: no luck"
    waiting = submitted(capsys, "steps", "--gate", "/no/such/gate")
    assert ran(capsys, "cancel", waiting) == f"{waiting} is cancelled\n"
    ran(capsys, "watch", waiting, code=11)
    ran(capsys, "cancel", failed, code=1)


def test_a_failed_job_is_retried(capsys: Capture) -> None:
    failed = submitted(capsys, "fail")
    ran(capsys, "watch", failed, code=10)
    lines = ran(capsys, "retry", failed, "--watch", code=10).splitlines()
    assert lines[-1].startswith("failed: ")
    assert as_json(capsys, "retry", failed)["status"] == "pending"


def test_events_are_lines_of_json_for_programs(capsys: Capture) -> None:
    job_id = submitted(capsys, "fit", "--epochs", "2", "--rows", "200")
    ran(capsys, "watch", job_id)
    events = [json.loads(line) for line in ran(capsys, "watch", job_id, "--json").splitlines()]
    numbers = [one["id"] for one in events if one["id"] is not None]
    assert numbers == list(range(1, len(numbers) + 1))
    assert events[-1]["event"] == "complete"
    rest = ran(capsys, "watch", job_id, "--json", "--after", str(numbers[-2])).splitlines()
    assert [one for one in map(json.loads, rest) if one["id"] is not None] == [
        one for one in events if one["id"] == numbers[-1]
    ]


def test_jobs_are_a_table_that_can_be_filtered(capsys: Capture) -> None:
    done = submitted(capsys, "nothing")
    ran(capsys, "watch", done)
    failed = submitted(capsys, "fail")
    ran(capsys, "watch", failed, code=10)
    header, *lines = ran(capsys, "jobs").splitlines()
    assert header.split()[:3] == ["job", "type", "status"]
    assert [line.split()[:3] for line in lines[:2]] == [
        [failed, "fail", "failed"],
        [done, "nothing", "completed"],
    ]
    assert "\x1b" not in "".join(lines)  # nobody sees colours in a pipe
    assert len(ran(capsys, "jobs", "--limit", "1").splitlines()) == 2
    only = as_json(capsys, "jobs", "--status", "failed", "--type", "fail")
    assert failed in [one["job_id"] for one in only]
    assert {one["status"] for one in only} == {"failed"}


@pytest.fixture
def stepped(capsys: Capture, tmp_path: Path) -> str:
    """A job with three items, two of them failed."""
    for step in ("1", "2", "3"):
        (tmp_path / step).touch()
    job_id = submitted(capsys, "steps", "--gate", str(tmp_path))
    ran(capsys, "watch", job_id)
    return job_id


def test_results_come_in_three_formats(capsys: Capture, stepped: str, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in ran(capsys, "results", stepped).splitlines()]
    assert [one["step"] for one in lines] == [1, 2, 3]
    assert json.loads(ran(capsys, "results", stepped, "--format", "json")) == lines
    rows = list(csv.DictReader(io.StringIO(ran(capsys, "results", stepped, "--format", "csv"))))
    assert [(one["step"], one["error"]) for one in rows] == [("1", "odd"), ("2", ""), ("3", "odd")]
    file = tmp_path / "failed.jsonl"
    assert ran(capsys, "results", stepped, "--status", "failed", "--output", str(file)) == ""
    assert [json.loads(line)["step"] for line in file.read_text().splitlines()] == [1, 3]
    assert len(ran(capsys, "results", stepped, "--cursor", "2").splitlines()) == 1


@pytest.mark.parametrize("texts", [["my invoice", None, "a crash"], [None, "my invoice"], [None]])
def test_an_item_that_failed_has_its_line_in_a_csv(
    capsys: Capture, texts: list[str | None]
) -> None:
    """Wherever it stands: before those that succeeded, between them, or alone."""
    asked = {"items": [{"custom_id": str(n), "text": one} for n, one in enumerate(texts)]}
    job_id = json.loads(ran(capsys, "submit", "batch_predict", "--json", json.dumps(asked)))
    out = ran(capsys, "results", job_id["job_id"], "--format", "csv", "--follow")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [one["custom_id"] for one in rows] == [str(n) for n in range(len(texts))]
    assert [bool(one["error"]) for one in rows] == [text is None for text in texts]
    assert [bool(one.get("prediction")) for one in rows] == [text is not None for text in texts]


def test_items_of_other_fields_are_refused_in_a_csv(capsys: Capture, tmp_path: Path) -> None:
    """Whoever wants them is told how; no file is left that has not all of them."""
    job_id = submitted(capsys, "echo", "--rows", '[{"a": 1}, {"a": 2, "b": 3}]')
    ran(capsys, "watch", job_id)
    file = tmp_path / "rows.csv"
    assert main(["results", job_id, "--format", "csv", "--output", str(file)]) == 1
    said = capsys.readouterr().err
    assert "got one that also has b (index 1): choose --format jsonl" in said
    assert list(tmp_path.iterdir()) == [tmp_path / "config"]


def test_a_file_of_results_stays_as_it_was_until_all_are_there(
    capsys: Capture, stepped: str, tmp_path: Path
) -> None:
    """Its rights too. What cannot be written to is told in a sentence."""
    file = tmp_path / "results.jsonl"
    file.write_text("of yesterday")
    file.chmod(0o600)
    assert main(["results", "no-such-job", "--output", str(file)]) == 4
    assert file.read_text() == "of yesterday"
    ran(capsys, "results", stepped, "--output", str(file))
    assert len(file.read_text().splitlines()) == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for place in (tmp_path, tmp_path / "nowhere" / "file"):
        assert main(["results", stepped, "--output", str(place)]) == 1
        told = capsys.readouterr().err
        assert told.startswith(f"headway results: expected a file to write to, got {place}: ")
    ran(capsys, "results", stepped, "--output", "/dev/null")
    assert Path("/dev/null").is_char_device()
    assert not list(tmp_path.glob(".*"))


def test_two_formats_at_once_are_wrong_usage(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as left:
        main(["results", "any", "--json", "--format", "csv"])
    assert left.value.code == 2
    assert "expected --json or --format csv, got both" in capsys.readouterr().err


def test_no_cell_of_a_csv_is_a_formula(capsys: Capture) -> None:
    """Nor its header; as in a download from the service."""
    row = {"=name": "=1+1", "spaced": " =1", "wide": "\uff1d1", "text": "fine", "number": -7}
    job_id = submitted(capsys, "echo", "--rows", json.dumps([row]))
    ran(capsys, "watch", job_id)
    (found,) = csv.DictReader(io.StringIO(ran(capsys, "results", job_id, "--format", "csv")))
    del found["index"], found["error"]
    assert found == {
        "'=name": "'=1+1", "spaced": "' =1", "wide": "'\uff1d1", "text": "fine", "number": "-7",
    }  # fmt: skip


def test_texts_are_classified_at_once(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = ran(capsys, "predict", "my invoice is wrong").splitlines()
    assert line.split("\t")[::2] == ["billing", "my invoice is wrong"]
    monkeypatch.setattr("sys.stdin", io.StringIO("my invoice is wrong\nthe app crashes\n"))
    assert [one["text"] for one in as_json(capsys, "predict")] == [
        "my invoice is wrong",
        "the app crashes",
    ]


def test_a_csv_becomes_a_data_set_then_a_model_that_is_promoted(
    capsys: Capture, tmp_path: Path
) -> None:
    file = tmp_path / "tickets.csv"
    words = ("invoice money", "crash error")
    lines = [f"{words[n % 2]} {n};{n % 2}" for n in range(60)]
    file.write_text("\n".join(["text;label", *lines]))
    ran(capsys, "import", str(file), "--name", "tickets", "--delimiter", ";", "--watch")
    assert "tickets@1" in ran(capsys, "datasets")
    ran(
        capsys, "submit", "train_model", "--data", "tickets", "--name", "sorter",
        "--epochs", "2", "--watch",
    )  # fmt: skip
    assert "sorter@1" in ran(capsys, "models")
    assert ran(capsys, "promote", "sorter", "1") == "sorter@production is version 1\n"
    (sorter,) = [one for one in as_json(capsys, "models") if one["name"] == "sorter"]
    assert sorter["aliases"] == ["production"]
    out = ran(capsys, "predict", "crash error", "--model", "sorter@production")
    assert out.split("\t")[0] == "1"
