#!/usr/bin/env python3
"""Make the pictures of the dashboard in docs/images from a service with real jobs. Run by scripts/screenshots."""

import shutil
import socket
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.service import Service, running
from tests.browser.visitor import Visitor, submit

IMAGES = Path(__file__).parent.parent / "docs" / "images"
DESK = (1280, 800)
PHONE = (390, 780)
ENDED = "completed after"


def main() -> None:
    """Seed a service, visit its pages, and say how large the pictures are."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=60_000)
    with tempfile.TemporaryDirectory(prefix="hw-") as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        with running(Path(folder) / "data", _unused_port()) as service:
            page = _window(browser, service, DESK)
            _fill(page)
            _on_a_desk(page)
            _in_the_dark(_window(browser, service, DESK, dark=True))
            _on_a_phone(_window(browser, service, PHONE))
        browser.close()
    for image in sorted(IMAGES.glob("dashboard-*.png")):
        print(f"{image.stat().st_size:>8,}  {image.name}")


def _unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _window(
    browser: Browser, service: Service, size: tuple[int, int], *, dark: bool = False
) -> Page:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    return Visitor(context.new_page(), service.url).sign_in("alice", "secret123")


def _fill(page: Page) -> None:
    """Jobs of every kind: some that have ended, some that run, one that waits."""
    submit(page, "import_csv", name="tickets")
    expect(page.get_by_text(ENDED)).to_be_visible()
    for epochs in ("3", "12"):
        submit(page, "train_model", data="tickets", name="ticket-classifier", epochs=epochs)
        expect(page.get_by_text(ENDED)).to_be_visible()
    submit(page, "evaluate_model", data="tickets", model="ticket-classifier")
    expect(page.get_by_text(ENDED)).to_be_visible()
    submit(page, "batch_predict", data="tickets", model="ticket-classifier")
    expect(page.get_by_text(ENDED)).to_be_visible()
    submit(page, "train_model", data="tickets", text="message")
    expect(page.get_by_text("failed after")).to_be_visible()
    for name in ("large", "larger", "largest"):
        submit(page, "train_model", data="test", name=name, epochs="40")
    _open(page, "#/jobs?status=running")
    page.get_by_role("table", name="Jobs").get_by_role("link").last.click()
    expect(page.get_by_role("img", name="Accuracy").first).to_be_visible()


def _on_a_desk(page: Page) -> None:
    _open(page, "#/jobs")
    expect(page.get_by_role("row").filter(has_text="epoch").first).to_be_visible()
    _picture(page, "jobs")
    page.get_by_role("row").filter(has_text="Evaluate").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Confusion")).to_be_visible()
    page.get_by_role("region", name="Confusion").scroll_into_view_if_needed()
    _picture(page, "evaluation")
    _open(page, "#/models/ticket-classifier")
    page.get_by_label("Compare with").select_option("version 1")
    expect(page.get_by_role("region", name="Comparison")).to_be_visible()
    _picture(page, "model")


def _in_the_dark(page: Page) -> None:
    _open(page, "#/jobs?status=running")
    page.get_by_role("table", name="Jobs").get_by_role("link").last.click()
    expect(page.locator("canvas")).to_have_count(2)
    expect(page.get_by_role("img", name="after 5 steps").first).to_be_visible()
    _picture(page, "training")


def _on_a_phone(page: Page) -> None:
    expect(page.get_by_role("table", name="Jobs")).to_be_visible()
    _picture(page, "phone")


def _open(page: Page, address: str) -> None:
    page.evaluate("address => { location.hash = address }", address)


def _picture(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.screenshot(path=IMAGES / f"dashboard-{name}.png", animations="disabled")


if __name__ == "__main__":
    main()
