"""What users write is shown, and never run: markup in every place that the dashboard shows a text."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import submit

pytestmark = pytest.mark.service("chromium")

IMAGE = "<img src=x onerror=\"window.ran='yes'\">"
MARKUP = f"{IMAGE}<script>window.ran='yes'</script>"


def nothing_ran(page: Page) -> None:
    """No element of the markup was made, and no script has run."""
    assert page.evaluate("window.ran") is None
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("script:not([src])").count() == 0


def test_an_error_and_a_note_with_markup_are_text(alice: Page) -> None:
    submit(alice, "fail", note=MARKUP)
    expect(alice.get_by_text("window.ran").first).to_be_visible()
    nothing_ran(alice)


def test_the_policy_lets_no_script_in_even_if_markup_did(visit: Visit) -> None:
    """The second wall: what is put into the page by force does not run either."""
    visitor = visit()
    page = visitor.sign_in("alice", "secret123")
    visitor.complaints.clear()
    page.evaluate("markup => document.body.insertAdjacentHTML('beforeend', markup)", MARKUP)
    page.evaluate("""() => {
        const script = document.createElement('script');
        script.textContent = "window.ran = 'yes'";
        document.body.append(script);
    }""")
    page.wait_for_function("document.querySelector('img[src=x]') !== null")
    assert page.evaluate("window.ran") is None
    # The browser says that it refused, which is what was asked of it.
    page.wait_for_timeout(200)
    assert visitor.complaints
    visitor.complaints.clear()


def test_no_other_page_may_frame_ours(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    visitor.expects_refusals = True
    page.set_content(f'<iframe src="{visitor.url}"></iframe>')
    page.wait_for_timeout(500)
    frame = page.frames[-1]
    assert frame.locator("text=Sign in").count() == 0
    visitor.complaints.clear()
