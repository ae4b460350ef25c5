"""Actions and expectations on the page, as a user has them. Knows nothing of how the page works."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests import deadlines

TIMEOUT_MS = deadlines.TIMEOUT_MS

# window.received records the relay's messages, window.sent those of the page, window.packets the number of packets with
# fields. window.inject() delivers a message as if from the relay. While window.holdCalibration is set, the page's
# calibration messages are recorded but not sent.
RECORD_MESSAGES = """
window.received = [];
window.sent = [];
window.packets = 0;
const create = RTCPeerConnection.prototype.createDataChannel;
RTCPeerConnection.prototype.createDataChannel = function (...options) {
  const channel = create.apply(this, options);
  if (channel.label !== 'eyeline') {
    channel.addEventListener('message', () => { window.packets += 1; });
    return channel;
  }
  channel.addEventListener('message', ({data}) => window.received.push({at: performance.now(), ...JSON.parse(data)}));
  const send = channel.send;
  channel.send = (text) => {
    const message = JSON.parse(text);
    if (message.type !== 'ping') window.sent.push(message);
    if (!(window.holdCalibration && message.type === 'calibrate')) send.call(channel, text);
  };
  window.inject = (message) =>
    channel.dispatchEvent(new MessageEvent('message', {data: JSON.stringify(message)}));
  return channel;
};
"""


def start_call(page: Page) -> None:
    """Press Start and wait for the corrected video."""
    page.get_by_role("button", name="Start camera").click()
    expect_showing(page, "corrected")


def expect_showing(page: Page, what: str) -> None:
    """Wait until the page shows `corrected`, `original` or `nothing`."""
    expect(page.locator("#stage")).to_have_attribute("data-showing", what, timeout=TIMEOUT_MS)


def expect_notice(page: Page, sentence: str) -> None:
    """Wait until the page shows this notice."""
    expect(page.get_by_role("alert")).to_contain_text(sentence, timeout=TIMEOUT_MS)


def expect_gaze(page: Page, words: str) -> None:
    """Wait until the indicator shows this text."""
    expect(page.locator("#gaze")).to_contain_text(words, timeout=TIMEOUT_MS)


def wait_until(page: Page, condition: str) -> None:
    """Wait until a JavaScript expression is true. (Playwright's own wait needs eval, which the page forbids.)"""
    for _ in range(TIMEOUT_MS // 100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never true: {condition}")


def wait_for(page: Page, condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition outside the page is true."""
    for _ in range(TIMEOUT_MS // 100):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never: {what}")


def expect_relay_uses(page: Page, **settings: object) -> None:
    """Wait until the latest settings that the relay has reported contain these."""
    for _ in range(TIMEOUT_MS // 100):
        used = last_settings(page)
        if all(used.get(name) == value for name, value in settings.items()):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"the relay uses {last_settings(page)}, not {settings}")


def last_settings(page: Page) -> dict[str, Any]:
    """The latest settings that the relay has reported."""
    found: dict[str, Any] | None = page.evaluate("window.received.findLast(({type}) => type === 'settings')")
    return found or {}


def moves(page: Page, video: str) -> bool:
    """Whether a video element shows new frames."""
    script = """([id, timeout]) => new Promise((resolve) => {
        const video = document.getElementById(id);
        setTimeout(() => resolve(false), timeout);
        video.requestVideoFrameCallback(() => video.requestVideoFrameCallback(() => resolve(true)));
    })"""
    return bool(page.evaluate(script, [video, TIMEOUT_MS]))
