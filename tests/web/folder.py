"""The page's modules without a relay: files are served from the folder."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route

from tests.running import ROOT

KINDS = {".js": "text/javascript", ".html": "text/html", ".css": "text/css", ".svg": "image/svg+xml"}


def serve_folder(route: Route) -> None:
    """Serve the file of web/ that this address names."""
    path = Path(ROOT, "web", route.request.url.partition("test/")[2] or "index.html")
    if path.is_file():
        route.fulfill(body=path.read_text(), content_type=KINDS[path.suffix])
    else:
        route.abort()


def run(page: Page, script: str) -> Any:
    """Run JavaScript, the body of an asynchronous function, in the page. Returns its result."""
    return page.evaluate(f"async () => {{ {script} }}")
