"""The live pipeline timeline in a call: what it draws, its text, and when the trace is requested."""

from playwright.sync_api import Page, expect

from tests.web.driving import TIMEOUT_MS, wait_until

# The share of pixels in bars, in each third of the canvas.
FILLED = """() => {
  const canvas = document.getElementById('strip');
  const copy = Object.assign(document.createElement('canvas'), {width: canvas.width, height: canvas.height});
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0);
  const style = getComputedStyle(canvas);
  return ['landmarks', 'field', 'warp'].map((line, row) => {
    const wanted = style.getPropertyValue(`--${line}`).match(/[0-9a-f]{2}/g).map((two) => parseInt(two, 16));
    const height = Math.round(canvas.height / 3);
    const {data} = context.getImageData(0, row * height, canvas.width, height);
    let filled = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (wanted.every((value, channel) => Math.abs(value - data[at + channel]) < 3)) filled += 1;
    }
    return filled / (data.length / 4);
  });
}"""


REQUESTS = "sent.filter(({type}) => type === 'trace').map(({enabled}) => enabled)"
RECEIVED = "received.filter(({type}) => type === '%s').length"


def test_the_relays_lines_are_drawn_and_their_ages_told(live: Page) -> None:
    live.locator("#strip").scroll_into_view_if_needed()
    for _ in range(TIMEOUT_MS // 200):
        shares = live.evaluate(FILLED)
        if all(share > 0.002 for share in shares):
            break
        live.wait_for_timeout(200)
    else:
        raise AssertionError(f"rows are empty: {shares}")
    expect(live.locator("#ages")).to_contain_text("Shown with landmarks")
    expect(live.get_by_role("img", name="Pipeline timeline. Shown with landmarks")).to_be_visible()


def test_the_trace_is_asked_for_only_while_somebody_sees_it(live: Page) -> None:
    live.evaluate("window.sent = []")
    live.get_by_text("Which stage works on which frame").click()
    wait_until(live, f"{REQUESTS}.length === 1")
    live.evaluate("window.asked = performance.now()")
    wait_until(
        live, "received.some(({type, t}) => type === 'pong' && t > asked)"
    )  # after the relay has handled the request
    live.evaluate("window.received = []")
    wait_until(live, f"{RECEIVED % 'stats'} === 2")
    assert live.evaluate(RECEIVED % "trace") == 0
    live.get_by_text("Which stage works on which frame").click()
    wait_until(live, f"{RECEIVED % 'trace'} > 0")
    live.set_viewport_size({"width": 1280, "height": 300})
    live.evaluate("window.scrollTo(0, 0)")
    wait_until(live, f"{REQUESTS}.length === 3")
    live.set_viewport_size({"width": 1280, "height": 800})
    live.locator("#strip").scroll_into_view_if_needed()
    wait_until(live, f"{REQUESTS}.length === 4")
    assert live.evaluate(REQUESTS) == [False, True, False, True]
