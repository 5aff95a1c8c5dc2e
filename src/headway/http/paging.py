"""From one page of a list to the next."""

from collections.abc import Mapping
from urllib.parse import urlencode


def next_page(path: str, asked: Mapping[str, object]) -> dict[str, str]:
    """The header that leads there: the query once more, without what was not asked for."""
    query = urlencode({name: it for name, it in asked.items() if it is not None}, doseq=True)
    return {"Link": f'<{path}?{query}>; rel="next"'}
