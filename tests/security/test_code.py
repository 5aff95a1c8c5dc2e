"""What can be seen of the code's safety without running it."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / "src" / "headway" / "store"
MARK = re.compile(r"# nosec (B\d+)(?: - (\S.*))?$", re.MULTILINE)
CONSTANT = re.compile(r"_?[A-Z][A-Z_]*")

# What statements are put together from beside constants: all of it stands in the code, and is
# looked at here so that nothing else joins it unseen. Every value is bound.
PIECES = {
    # a FROM item made by `Database.rows_of` of names of columns, and what holds it
    "wanted", "named", "self._wanted(kind)", "self._wanted('text')", "self._wanted('bigint')",
    "only", "self._db.rows_of({'wanted': 'bigint'})", "db.rows_of({'job': 'bigint'})",
    "db.rows_of({'seq': 'bigint'})",
    # a condition made by `Database.among` of a column's name and a statement that is looked at here
    "db.among('seq', numbers)", "self._db.among('seq', wanted)",
    # how to lock what is read
    "self._db.for_update", "db.for_update", "db.skip_locked", "locking",
    # conditions, columns and tables that the caller has as constants
    "condition", "where", "table", "column", "still", "left", "right", "by", "waiting",
    "own(tx, DELAYED)", "without_shards", "mine", "ends", "' AND '.join(conditions)",
    "_REPLACE if again else ''", "_jobs(self._db)", "_wanted(query)", "_before(query)", "conditions",
    "of_whom",
    # lists made of constants, and of numbers counted here
    "', '.join(_INSERTED)", "', '.join((':' + c for c in _INSERTED))", "c", "walks", "i", "name",
    "number", "' UNION ALL '.join(arms)",
    "', '.join(SUMS)", "', '.join((':' + one for one in SUMS))", "one", "bounds", "sets", "fields",
    "', '.join((f'sum({one})' for one in SUMS))",
    "', '.join((f'{name} = tallies.{name} + excluded.{name}' for name in SUMS))",
    "', '.join(('jobs.' + name for name in JOB_COLUMNS.split(', ')))",
}  # fmt: skip


def test_bandit_finds_nothing_of_medium_severity_or_more() -> None:
    command = [sys.executable, "-m", "bandit", "--quiet", "-r", "src", "-ll"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


def test_what_bandit_is_not_to_look_at_has_a_reason() -> None:
    """And is of the one kind that every place was read for."""
    for file in sorted((ROOT / "src").rglob("*.py")):
        text = file.read_text()
        marks = MARK.findall(text)
        assert len(marks) == text.count("# nosec"), file
        assert all(kind == "B608" and why for kind, why in marks), file
        assert not marks or file.is_relative_to(STORE), file


@pytest.mark.parametrize("file", sorted(STORE.glob("*.py")), ids=lambda one: one.name)
def test_a_statement_is_put_together_from_what_stands_in_the_code(file: Path) -> None:
    """A value never becomes part of a statement, also not on a line that bandit passes over."""
    text = file.read_text()
    marked = {number for number, line in enumerate(text.split("\n"), 1) if MARK.search(line)}
    for node in ast.walk(ast.parse(text)):
        if is_text(node) and marked & {*lines_of(node)}:
            unknown = {
                piece
                for piece in pieces_of(node)
                if not CONSTANT.fullmatch(piece) and piece not in PIECES
            }
            assert not unknown, f"{file.name}:{node.lineno}: bind {unknown}, or look at it here"


def is_text(node: ast.AST) -> TypeGuard[ast.expr]:
    """Whether it is text that is put together; a union of types is none."""
    sum_of_texts = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)
    return sum_of_texts or isinstance(node, ast.JoinedStr)


def lines_of(node: ast.expr) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def pieces_of(node: ast.expr) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.FormattedValue):
            yield ast.unparse(inner.value)
        elif isinstance(inner, ast.BinOp):
            for side in (inner.left, inner.right):
                if not isinstance(side, ast.Constant | ast.JoinedStr | ast.BinOp):
                    yield ast.unparse(side)
