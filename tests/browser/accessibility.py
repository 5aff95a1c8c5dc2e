"""What stands in the way of people who use the page otherwise than by eye and mouse."""

from typing import Any

from axe_core_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.sync_api import Page


def violations(page: Page) -> list[str]:
    """What axe finds in the page as it is now."""
    # As an evaluation, not as a script of the page: the policy would forbid that, rightly.
    page.evaluate(AXE_SCRIPT)
    # Colours in the middle of a transition are those of neither side.
    page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
    found: dict[str, Any] = page.evaluate("axe.run()")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
