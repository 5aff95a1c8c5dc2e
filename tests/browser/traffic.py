"""What a window receives, as its browser counts it: packed bodies and headers."""

from playwright.sync_api import Page


class Traffic:
    """Notes the bytes of every answer that has ended, by its address."""

    def __init__(self, page: Page) -> None:
        self.received: dict[str, float] = {}
        self._names: dict[str, str] = {}
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", self._on_request)
        session.on("Network.loadingFinished", self._on_end)

    def total(self, part: str = "") -> float:
        """The bytes of all answers whose address has this in it."""
        return sum(size for name, size in self.received.items() if part in name)

    def _on_request(self, event: dict[str, str]) -> None:
        request: dict[str, str] = event["request"]  # type: ignore[assignment]
        self._names[event["requestId"]] = request["url"]

    def _on_end(self, event: dict[str, str]) -> None:
        name = self._names[event["requestId"]]
        self.received[name] = self.received.get(name, 0) + float(event["encodedDataLength"])
