from pathlib import Path

import pytest

from headway.context import Artifact
from headway.data.datasets import file_sha256
from headway.errors import NotRetryable
from headway.job import Json
from headway.operations.import_csv import import_csv
from headway.operations.requests.import_csv import ImportCsv
from tests.operations.fake_context import FakeContext


def imported(folder: Path, content: str | bytes, **options: Json) -> tuple[Json, FakeContext]:
    path = folder / "upload"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    file = Artifact(id="f", kind="file", name="upload", path=path, sha256=file_sha256(path))
    ctx = FakeContext(folder, {"file": file})
    return import_csv(ImportCsv(file="f", **options), ctx), ctx


def test_no_file_imports_the_bundled_sample(tmp_path: Path) -> None:
    """3,000 tickets with their columns guessed."""
    ctx = FakeContext(tmp_path)
    result = import_csv(ImportCsv(), ctx)
    assert (result["name"], result["rows"], result["row_error_count"]) == ("sample", 3_000, 0)
    assert result["summary"]["text_column"] == "text"
    assert result["summary"]["label_column"] == "label"
    assert sum(result["summary"]["labels"].values()) == 3_000
    assert ctx.published[0].kind == "dataset"


def test_broken_rows_are_reported_and_left_out(tmp_path: Path) -> None:
    """Each error says its line, what is wrong and the row's text."""
    result, _ = imported(
        tmp_path, "text,label\na,x\nb\nc,y\n", filename="C:\\My Files\\spring sale.csv"
    )
    assert (result["rows"], result["name"]) == (2, "spring-sale")
    assert result["row_errors"] == [{"line": 3, "reason": "expected 2 fields, got 1", "text": "b"}]


def test_too_many_broken_rows_fail_the_import(tmp_path: Path) -> None:
    """Ten are forgiven by default; a limit in the request is exact."""
    bad = "text,label\n" + "a,x\n" * 20 + "b\n" * 11
    with pytest.raises(NotRetryable, match=r"at most 10 broken rows, got: 11 .*line 22"):
        imported(tmp_path, bad)
    result, _ = imported(tmp_path, bad, max_errors=0.5)
    assert result["row_error_count"] == 11
    with pytest.raises(NotRetryable, match="at most 0 broken rows, got: 1"):
        imported(tmp_path, "text,label\na,x\nb\n", max_errors=0)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "got an empty file"),
        ("\n\n", "got an empty file"),
        ("text,label\n", "got a header only"),
    ],
)
def test_a_file_without_rows_fails_with_a_sentence(
    tmp_path: Path, content: str, sentence: str
) -> None:
    """An empty file and one with a header only are told apart."""
    with pytest.raises(NotRetryable, match=sentence):
        imported(tmp_path, content)


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    """Two imports of one table have one hash, whatever way it was written down."""
    first, one = imported(tmp_path, 'text,label\n"a, b",x\nc,y\n')
    second, other = imported(tmp_path, "text;label\r\na, b;x\r\nc;y\r\n".encode("utf-16"))
    assert first["sha256"] == second["sha256"]
    assert one.published[0].content == other.published[0].content


def test_an_interrupted_import_starts_again_and_ends_the_same(tmp_path: Path) -> None:
    """A second attempt in the same folder gives the same bytes."""
    content = "text,label\n" + "".join(f"text {i},{i % 3}\n" for i in range(12_000))
    first, one = imported(tmp_path, content)
    second, other = imported(tmp_path, content)
    assert (first, one.published) == (second, other.published)
    assert one.percents == sorted(one.percents)
