"""The dashboard's files as they are sent: packed once, and named by what they hold."""

import gzip
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("dashboard")
PAGE: Final = "index.html"

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What is sent; the licences and notes beside it stay where they are."""
_STYLES: Final = (
    "vendor/uplot.css",
    "style/theme.css",
    "style/base.css",
    "style/parts.css",
    "style/pages.css",
)
"""In this order they are sent as one sheet."""
_MAIN: Final = "app.js"
_IMPORTED: Final = re.compile(rb'\bfrom "(\.[^"]+)"')

Stamp = frozenset[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Asset:
    """A file's bytes, plain and packed."""

    body: bytes
    packed: bytes
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Edition:
    """All the files of one state of the folder. Its name changes with any of them."""

    name: str
    files: Mapping[str, Asset]
    page: Asset


class Assets:
    """Reads the folder when first asked, and again when a file in it has changed."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._stamp: Stamp = frozenset()
        self._edition: Edition | None = None

    def edition(self, name: str) -> Edition | None:
        """The edition of this name, if it is the current one. The folder is looked at only for a
        name that is not the last one seen: a page asks for some forty files at once."""
        known = self._edition
        if known is None or known.name != name:
            known = self.current()
        return known if known.name == name else None

    def current(self) -> Edition:
        """The folder as it is now. Two callers at once may both read it; they read the same."""
        stamp = self._look()
        edition = self._edition
        if edition is None or stamp != self._stamp:
            edition = _read(self._folder)
            self._edition, self._stamp = edition, stamp
        return edition

    def _look(self) -> Stamp:
        return frozenset(
            (str(path), status.st_mtime_ns, status.st_size)
            for path in _paths(self._folder)
            for status in [path.stat()]
        )


def _paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in _TYPES)


def _read(folder: Path) -> Edition:
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _paths(folder)}
    whole = sha256()
    for name, content in contents.items():
        whole.update(b"%s\0%d\0%s" % (name.encode(), len(content), content))
    edition = whole.hexdigest()[:12]
    page = contents.pop(PAGE).replace(b"EDITION", edition.encode())
    page = page.replace(b"<!-- modules -->", _preloads(edition, contents))
    contents["style.css"] = b"".join(contents.pop(name, b"") for name in _STYLES)
    files = {name: _asset(name, content) for name, content in contents.items()}
    return Edition(edition, files, _asset(PAGE, page))


def _preloads(edition: str, contents: Mapping[str, bytes]) -> bytes:
    """Lets the browser ask for all that the first page needs at once, not for each module when it
    meets its name. What pages load later, by `import()`, is left to them."""
    first = sorted(_reached(_MAIN, contents))
    lines = [f'<link rel="modulepreload" href="/dashboard/{edition}/{name}">' for name in first]
    return "\n".join(lines).encode()


def _reached(start: str, contents: Mapping[str, bytes]) -> set[str]:
    """The module and all that it imports, itself or through others."""
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            named = _IMPORTED.findall(contents[name])
            ahead += [posixpath.join(posixpath.dirname(name), one.decode()) for one in named]
            ahead = [posixpath.normpath(one) for one in ahead]
    return reached


def _asset(name: str, body: bytes) -> Asset:
    return Asset(
        body=body,
        packed=gzip.compress(body, 9, mtime=0),
        media_type=_TYPES[Path(name).suffix],
        etag=f'"{sha256(body).hexdigest()[:16]}"',
    )
