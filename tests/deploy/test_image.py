"""The steps of the image give a service that runs without rights, and not without a secret."""

import os
from http import HTTPStatus
from pathlib import Path

import httpx2
import pytest

from tests.deploy.site import NOBODY, PATIENCE, ROOT, Site
from tests.waiting import A_START, eventually

pytestmark = pytest.mark.timeout(2 * PATIENCE)


def test_the_installation_is_whole_and_has_no_checkout_in_it(site: Site) -> None:
    told = site.run("python", "-c", "import headway.cli; print(headway.cli.__file__)")
    assert told.returncode == 0, told.stderr
    assert Path(told.stdout.strip()).is_relative_to(site.prefix)
    assert str(ROOT / "src") not in site.run("python", "-c", "import sys; print(sys.path)").stdout


def test_it_is_ready_in_production_without_rights_and_ends_with_code_0(site: Site) -> None:
    with site.serving() as (process, port):
        if site.owner:
            assert Path(f"/proc/{process.pid}").stat().st_uid == NOBODY
        # The first worker has to be heard of.
        eventually(lambda: is_ready(f"http://127.0.0.1:{port}/readyz"), within=A_START)
    assert process.returncode == os.EX_OK


def test_it_refuses_to_serve_in_production_without_a_secret(site: Site) -> None:
    done = site.run("headway", "serve", "--port", "0")
    assert done.returncode == 1
    assert "expected HEADWAY_SECRET_KEY in production mode" in done.stderr


def is_ready(url: str) -> bool:
    return httpx2.get(url, timeout=60).status_code == HTTPStatus.OK
