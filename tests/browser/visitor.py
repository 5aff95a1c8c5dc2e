"""Somebody who looks at the dashboard, and notes what the browser has to complain about."""

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, expect

REFUSAL = "Failed to load resource"
"""The browser itself writes this into the console for every answer that is an error."""
SLOW = "was preloaded using link preload but not used within a few seconds"
"""And this where the machine has had something else to do."""

ASKED = 30


class Visitor:
    """A page in a window of its own."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.expects_refusals = False
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self._asked: list[Request] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._on_request)

    def sign_in(self, name: str, password: str) -> Page:
        """The page with the jobs, as this user sees it."""
        self.page.goto(self.url)
        self.page.get_by_label("User name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
        return self.page

    def told(self) -> str:
        """Where the page stands, what it shows, and what it has asked for last: for a test's failure."""
        page = self.page
        if page.is_closed():
            return "The page was closed."
        asked = [f"{one.method} {one.url}: {_took(one)}" for one in self._asked[-ASKED:]]
        return "\n".join([page.url, page.locator("body").inner_text(), *asked])

    def check(self) -> None:
        """Fail if anything went wrong in the page, or if it asked anybody else."""
        assert not self.complaints, self.complaints
        assert not self.foreign, self.foreign

    def _on_console(self, message: ConsoleMessage) -> None:
        is_refusal = message.text.startswith(REFUSAL)
        is_excused = (is_refusal and self.expects_refusals) or SLOW in message.text
        if message.type in ("error", "warning") and not is_excused:
            self.complaints.append(message.text)

    def _on_request(self, request: Request) -> None:
        if "/api/" in request.url:
            self._asked.append(request)
        if urlsplit(request.url).scheme in ("http", "https") and not request.url.startswith(
            self.url
        ):
            self.foreign.append(request.url)


def _took(request: Request) -> str:
    ended = request.timing["responseEnd"]
    return request.failure or (f"{ended:.0f} ms" if ended >= 0 else "under way")


def submit(page: Page, operation: str, **fields: str) -> None:
    """Fill in the form of an operation and send it; the job's page follows."""
    page.evaluate("operation => { location.hash = `#/new/${operation}` }", operation)
    button = page.get_by_role("button", name="Submit job")
    expect(button).to_be_enabled()
    for name, value in fields.items():
        page.locator(f"[name={name}]").fill(value)
    button.click()
    expect(page.get_by_role("heading", name="Facts")).to_be_visible()


def bar_is_at(page: Page, value: str) -> None:
    """Wait until the job's bar stands there."""
    bar = page.get_by_role("progressbar", name="Progress", exact=True)
    expect(bar).to_have_attribute("aria-valuenow", value)


def ask(page: Page, path: str, body: Any = None) -> Any:
    """What the API answers to whoever is signed in: to a POST if there is a body."""
    return page.evaluate(
        """async ([path, body]) => {
            const { token } = JSON.parse(sessionStorage["headway.session"]);
            const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
            const sent = body === null ? {} : { method: "POST", body: JSON.stringify(body) };
            return (await fetch(path, { headers, ...sent })).json();
        }""",
        [path, body],
    )
