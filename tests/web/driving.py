"""What a person does with the page and sees of it, for the tests. Knows nothing of how the page does it."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests import deadlines

PATIENCE = deadlines.PATIENCE

# Everything the relay says lands in window.heard, what the page says in window.said, how many packets with fields came
# in window.packets; window.pretend() speaks in the relay's place; what the page says about calibration stays unsent
# while window.deaf is set.
LISTEN = """
window.heard = [];
window.said = [];
window.packets = 0;
const create = RTCPeerConnection.prototype.createDataChannel;
RTCPeerConnection.prototype.createDataChannel = function (...words) {
  const channel = create.apply(this, words);
  if (channel.label !== 'eyeline') {
    channel.addEventListener('message', () => { window.packets += 1; });
    return channel;
  }
  channel.addEventListener('message', ({data}) => window.heard.push({at: performance.now(), ...JSON.parse(data)}));
  const send = channel.send;
  channel.send = (text) => {
    const message = JSON.parse(text);
    if (message.type !== 'ping') window.said.push(message);
    if (!(window.deaf && message.type === 'calibrate')) send.call(channel, text);
  };
  window.pretend = (message) =>
    channel.dispatchEvent(new MessageEvent('message', {data: JSON.stringify(message)}));
  return channel;
};
"""


def begin(page: Page) -> None:
    """Press Start and wait for the corrected picture."""
    page.get_by_role("button", name="Start camera").click()
    expect_showing(page, "corrected")


def expect_showing(page: Page, what: str) -> None:
    """Wait until the picture is `corrected`, `original` or `nothing`."""
    expect(page.locator("#stage")).to_have_attribute("data-showing", what, timeout=PATIENCE)


def expect_notice(page: Page, sentence: str) -> None:
    """Wait until the page says so."""
    expect(page.get_by_role("alert")).to_contain_text(sentence, timeout=PATIENCE)


def expect_gaze(page: Page, words: str) -> None:
    """Wait until the indicator says so."""
    expect(page.locator("#gaze")).to_contain_text(words, timeout=PATIENCE)


def wait_until(page: Page, condition: str) -> None:
    """Wait until a JavaScript expression is true. (Playwright's own wait needs eval, which the page forbids.)"""
    for _ in range(PATIENCE // 100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never true: {condition}")


def wait_for(page: Page, condition: Callable[[], bool], what: str) -> None:
    """Wait until something outside the page is so."""
    for _ in range(PATIENCE // 100):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never: {what}")


def expect_relay_uses(page: Page, **settings: object) -> None:
    """Wait until the newest settings that the relay has reported contain these."""
    for _ in range(PATIENCE // 100):
        used = last_settings(page)
        if all(used.get(name) == value for name, value in settings.items()):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"the relay uses {last_settings(page)}, not {settings}")


def last_settings(page: Page) -> dict[str, Any]:
    """What the relay has last said that it uses."""
    found: dict[str, Any] | None = page.evaluate("window.heard.findLast(({type}) => type === 'settings')")
    return found or {}


def moves(page: Page, video: str) -> bool:
    """Whether a video shows new pictures."""
    script = """([id, patience]) => new Promise((resolve) => {
        const video = document.getElementById(id);
        setTimeout(() => resolve(false), patience);
        video.requestVideoFrameCallback(() => video.requestVideoFrameCallback(() => resolve(true)));
    })"""
    return bool(page.evaluate(script, [video, PATIENCE]))
