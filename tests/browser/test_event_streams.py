"""The dashboard reads event streams as the browser's own `EventSource` does, byte for byte."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.event_streams import MARKED, VECTORS

pytestmark = pytest.mark.service("chromium")

ALL = (*VECTORS, *MARKED)
PARSER = files("headway.http").joinpath("dashboard/core/events.js").read_bytes()

BY_THE_BROWSER = """types => {
  const heard = (path) => new Promise((resolve) => {
    const events = [];
    const source = new EventSource(path);
    for (const type of types) {
      source.addEventListener(type, (event) => {
        if (event instanceof MessageEvent) events.push([event.type, event.data, event.lastEventId]);
      });
    }
    source.addEventListener("error", (event) => {
      if (event instanceof MessageEvent) return;
      source.close();
      resolve(events);
    });
  });
  return Promise.all(Array.from({ length: COUNT }, (_, number) => heard(`/stream/${number}`)));
}""".replace("COUNT", str(len(ALL)))

BY_THE_DASHBOARD = """async () => {
  const { EventParser } = await import("/events.js");
  const heard = (pieces) => {
    const decoder = new TextDecoder();
    const parser = new EventParser();
    return pieces
      .flatMap((piece) => parser.feed(decoder.decode(piece, { stream: true })))
      .map((event) => [event.event, event.data, event.id]);
  };
  const all = [];
  for (let number = 0; number < COUNT; number += 1) {
    const bytes = new Uint8Array(await (await fetch(`/stream/${number}`)).arrayBuffer());
    const step = bytes.length > 2000 ? 997 : 1;
    const shapes = [[bytes], Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))];
    for (let at = step; at < bytes.length; at += step) {
      shapes.push([bytes.subarray(0, at), bytes.subarray(at)]);
    }
    all.push(shapes.map(heard));
  }
  return all;
}""".replace("COUNT", str(len(ALL)))


class Streams(BaseHTTPRequestHandler):
    """Serves an empty page, the dashboard's parser, and the streams by number."""

    def do_GET(self) -> None:
        """Answer, and close."""
        kind, body = "text/html", b"<title>streams</title>"
        if self.path == "/events.js":
            kind, body = "text/javascript", PARSER
        elif self.path.startswith("/stream/"):
            kind, body = "text/event-stream", ALL[int(self.path.rpartition("/")[2])].stream
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Streams)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    context = browser.new_context()
    try:
        shown = context.new_page()
        shown.goto(f"http://127.0.0.1:{server.server_port}/")
        yield shown
    finally:
        context.close()
        server.shutdown()
        server.server_close()
        thread.join(30)


def expected() -> list[list[list[str]]]:
    return [[list(event) for event in vector.events] for vector in ALL]


def test_the_streams_mean_what_the_browser_reads(page: Page) -> None:
    """So the vectors are right, and all of our readers are held to them."""
    types = sorted({event[0] for vector in ALL for event in vector.events})
    assert page.evaluate(BY_THE_BROWSER, types) == expected()


def test_the_dashboard_reads_them_wherever_they_are_cut(page: Page) -> None:
    """In one piece, byte by byte, and in two at each byte."""
    for vector, shapes in zip(ALL, page.evaluate(BY_THE_DASHBOARD), strict=True):
        for events in shapes:
            assert events == [list(event) for event in vector.events], vector.name
