"""Another site, whose pages import the client library from the relay; for the library's tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import Browser, Page

from relay.http.access.tokens import mint
from tests.clips import Clip
from tests.deadlines import milliseconds
from tests.running import ROOT
from tests.test_end_to_end import TURNED, compare, grab, poll
from tests.web.driving import RECORD_MESSAGES

TIMEOUT_MS = milliseconds(30)  # for any wait, milliseconds
KEY = "a key of the tests, which is long enough"
STAMP = Path(ROOT, "tests", "stamp.js").read_text()
BLANK = "<!doctype html><title>Meeting</title><video id=corrected autoplay muted playsinline></video>"
KINDS = {".js": "text/javascript", ".mjs": "text/javascript", ".html": "text/html", ".css": "text/css"}


class Site:
    """A web server on another origin than any relay. origin: its address.

    `/?policy=...` is an empty page with this Content-Security-Policy. files: further paths, and what they serve.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.files: dict[str, Path | str] = {}

    @property
    def flags(self) -> tuple[str, ...]:
        """Flags of a relay that requires tokens, allows this origin and corrects every frame even on a busy machine."""
        return "--token-key", KEY, "--allow-origins", f'["{self.origin}"]', "--pipeline", "sequential"

    def find(self, path: str) -> tuple[bytes, str]:
        """The body and content type of a path."""
        found = self.files.get(path, BLANK)
        if isinstance(found, str):
            return found.encode(), "text/html"
        return found.read_bytes(), KINDS[found.suffix]


@contextmanager
def serving() -> Iterator[Site]:
    """A site until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            body, kind = site.find(address.path)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            for policy in parse_qs(address.query).get("policy", []):
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site = Site(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, args=(0.05,), name="another site")
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


# What the page records: state changes in window.states, [moment, timestamp] of each frame of the corrected track in
# window.film, and of the camera, which a busy machine delays as well, in window.source.
PAGE_HELPERS = """
window.states = [];
window.film = [];
window.source = [];
window.sleep = (milliseconds) => new Promise((soon) => setTimeout(soon, milliseconds));
window.until = async (condition) => { while (!await condition()) await sleep(50); };
window.camera = async (constraints = {video: {width: 320, height: 240}}) => {
  const stream = await navigator.mediaDevices.getUserMedia(constraints);
  return stream.getTracks()[0];
};
window.filmed = async (track, film) => {
  const reader = new MediaStreamTrackProcessor({track}).readable.getReader();
  for (;;) {
    const {value: frame, done} = await reader.read();
    if (done) return;
    film.push([performance.now(), frame.timestamp]);
    frame.close();
  }
};
window.longest = (film) => Math.max(0, ...film.slice(1).map(([at], index) => at - film[index][0]));
window.use = (corrected) => {
  window.corrected = corrected;
  window.first = corrected.track;
  corrected.addEventListener('state', ({detail}) => window.states.push({at: performance.now(), ...detail}));
  document.getElementById('corrected').srcObject = new MediaStream([corrected.track]);
};
"""


def token() -> str:
    """A token that the relay accepts."""
    return mint(KEY, "anna", ["session"], ttl=600)


def embed(browser: Browser, site: Site, path: str = "/", policy: str = "", script: str = "") -> Page:
    """A page of that site. policy: its Content-Security-Policy; script: runs first."""
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.add_init_script(RECORD_MESSAGES + STAMP + PAGE_HELPERS + script)
    page.goto(site.origin + path + (f"?policy={quote(policy)}" if policy else ""))
    return page


def correct(page: Page, address: str, options: str = "{}", camera: str = "await camera()") -> None:
    """Start the correction of the page's camera; options: JavaScript, added to the relay's address and a token."""
    page.evaluate(
        f"""async ([relay, token]) => {{
          const {{correctTrack}} = await import(relay + '/eyeline.js');
          const given = {camera};
          use(await correctTrack(given, {{token, ...{options}}}));
          filmed(corrected.track.clone(), film);
          filmed(given.clone(), source);
        }}""",
        [address, token()],
    )


def expect_state(page: Page, state: str, code: str | None = None) -> None:
    """Wait until the library reports this state."""
    wanted = f"corrected.state === '{state}'" + ("" if code is None else f" && corrected.status.code === '{code}'")
    page.evaluate(
        f"""(timeout) => Promise.race([until(() => {wanted}), sleep(timeout).then(() => {{
          throw new Error('never {state} {code or ""}: ' + JSON.stringify([corrected.status, window.states]));
        }})])""",
        TIMEOUT_MS,
    )


def rises(page: Page, camera: Clip, count: int = 5) -> list[float]:
    """By how many pixels the irises rise in the next frames, scaled to the eye width that TURNED is for."""
    pictures = grab(page, "#corrected", count, camera)
    return [compare(number, picture, camera).rise * 48 / camera.eye_width for number, picture in pictures]


def expect_turned(page: Page, camera: Clip, wanted: int = 3) -> None:
    """Wait for this many frames with the eyes turned."""
    found: list[float] = []

    def check() -> bool:
        found.extend(rise for rise in rises(page, camera) if rise > TURNED)
        return len(found) >= wanted

    poll(check)


def expect_untouched(page: Page, camera: Clip) -> None:
    """Wait for the camera's own frames."""
    poll(lambda: median(rises(page, camera)) < TURNED / 2)


def gaps(page: Page) -> dict[str, Any]:
    """Of all frames of the track until now: the longest gap, beyond the camera's own longest (ms), and the least step
    of their timestamps (microseconds).
    """
    found: dict[str, Any] = page.evaluate(
        """() => ({
          longest: longest(film) - longest(source),
          step: Math.min(...film.slice(1).map(([, time], index) => time - film[index][1])),
        })"""
    )
    return found
