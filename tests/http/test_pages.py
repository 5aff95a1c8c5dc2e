"""The dashboard's page and files, as a browser asks for them."""

import gzip
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from headway.http.assets import FOLDER, Assets
from headway.http.pages import POLICY

PLAIN = {"Accept-Encoding": "identity"}


def named_in(page: str) -> list[str]:
    """The files that the page asks for."""
    return re.findall(r'(?:href|src)="(/dashboard/[^"]+)"', page)


def test_the_page_and_the_reference_are_the_same_page(client: TestClient) -> None:
    """Which is asked for again each time, and shows nothing that was not sent from here."""
    pages = [client.get(path) for path in ("/", "/docs")]
    assert pages[0].content == pages[1].content
    for page in pages:
        assert page.headers["content-security-policy"] == POLICY
        assert page.headers["cache-control"] == "no-cache"
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert "://" not in pages[0].text


def test_every_file_the_page_names_is_there_for_good(client: TestClient) -> None:
    """With its type and a validator; packed for who can unpack it."""
    for name in named_in(client.get("/").text):
        plain = client.get(name, headers=PLAIN)
        assert plain.status_code == 200, name
        assert "immutable" in plain.headers["cache-control"]
        assert plain.headers["content-type"].split("/")[0] in ("text", "image")
        assert "content-encoding" not in plain.headers
        packed = client.get(name, headers={"Accept-Encoding": "gzip, br"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == "Accept-Encoding"
        assert packed.content == plain.content
        assert int(packed.headers["content-length"]) == len(
            gzip.compress(plain.content, 9, mtime=0)
        )


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_who_has_the_page_is_not_sent_it_again(client: TestClient, path: str) -> None:
    """304, with the policy that goes with it."""
    etag = client.get(path).headers["etag"]
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == POLICY
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "name", ["x.js", "../assets.py", "%2e%2e/assets.py", "index.html", "vendor/preact.LICENSE.txt"]
)
def test_nothing_else_is_sent(client: TestClient, name: str) -> None:
    """Neither what is beside the folder nor what is no part of the page."""
    edition = named_in(client.get("/").text)[0].split("/")[2]
    assert client.get(f"/dashboard/{edition}/{name}").status_code == 404
    assert client.get("/dashboard/older/app.js").status_code == 404


def test_a_changed_file_makes_another_edition(tmp_path: Path) -> None:
    """At once, so that working on the dashboard needs a reload and nothing else."""
    (tmp_path / "index.html").write_text('<script src="/dashboard/EDITION/app.js"></script>')
    (tmp_path / "app.js").write_text('import { one } from "./parts/one.js";')
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "one.js").write_text("export const one = 1;")
    assets = Assets(tmp_path)
    first = assets.current()
    assert assets.current() is first
    (tmp_path / "app.js").write_text("2;;")
    second = assets.current()
    assert second.name != first.name
    assert second.files["app.js"].body == b"2;;"
    assert assets.edition(second.name) is second
    assert assets.edition(first.name) is None
    assert second.name.encode() in second.page.body


def test_all_of_it_is_small() -> None:
    """Packed, what every page needs is less than 33 KB, and all pages together less than 105."""
    edition = Assets().current()
    first = [name.split("/", 3)[3] for name in named_in(edition.page.body.decode())]
    assert not {"catalog/models.js", "jobs/page.js", "jobs/table.js"} & set(first)
    assert sum(len(edition.files[name].packed) for name in first) < 33_000
    assert sum(len(one.packed) for one in edition.files.values()) < 105_000


def test_no_file_of_ours_reaches_outside() -> None:
    """Not one address of another host stands in a script or a style sheet."""
    for path in FOLDER.rglob("*"):
        if path.suffix in (".js", ".css", ".html") and "vendor" not in path.parts:
            assert not re.search(r"https?://", path.read_text()), path


def test_whatever_others_wrote_stands_with_its_licence() -> None:
    """Beside it, and named in the list."""
    vendor = FOLDER / "vendor"
    listed = (vendor / "README.md").read_text()
    for path in vendor.iterdir():
        if path.suffix in (".js", ".css"):
            assert f"`{path.name}`" in listed
    for package in ("preact", "htm", "uplot"):
        assert "opyright" in (vendor / f"{package}.LICENSE.txt").read_text()
