"""The live strip of the lines: what it draws, what it asks for, and what it says."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.running import RunningRelay
from tests.web.conftest import OpenPage
from tests.web.driving import PATIENCE, begin, expect_showing, wait_until
from tests.web.folder import run, serve_folder

# A canvas of 600 x 81 pixels, so that a pixel is a millisecond, in colours that cannot be mistaken; told(): a trace as
# the relay sends it, with its clock at 100 s.
BENCH = """
const {Trace} = await import('/trace.js');
const {Chart} = await import('/chart.js');
const {sentence} = await import('/strip.js');
document.documentElement.innerHTML = '<canvas style="width: 600px; height: 81px; --row: #ffffff; --line: #ffffff; ' +
  '--landmarks: #ff0000; --field: #00ff00; --warp: #0000ff; --on-bar: #ffffff"></canvas>';
const canvas = document.querySelector('canvas');
const pixels = canvas.getContext('2d', {willReadFrequently: true});
const chart = new Chart(canvas);
chart.measure();
const scale = canvas.width / 600;
const colourAt = (x, y) => [...pixels.getImageData(x * scale, y * scale, 1, 1).data].slice(0, 3);
const told = (spans, shown = [], now = 100) => ({now, spans, shown});
"""
RED, GREEN, BLUE, WHITE = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]

# How often the strip was drawn; two seconds later.
COUNT_DRAWINGS = """async () => {
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  let drawings = 0;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    drawings += 1;
    return clear.apply(this, box);
  };
  await new Promise((soon) => setTimeout(soon, 2000));
  CanvasRenderingContext2D.prototype.clearRect = clear;
  return drawings;
}"""

# The share of pixels with bars in each third of the canvas.
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


@pytest.fixture(scope="module", params=[1, 2])
def bench(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The modules alone, on screens of two densities."""
    context = browser.new_context(device_scale_factor=request.param)
    page = context.new_page()
    page.route("**", serve_folder)
    page.goto("http://eyeline.test/style.css")
    yield page
    context.close()


def on(bench: Page, script: str) -> Any:
    return run(bench, BENCH + script)


def test_a_bar_lies_where_and_when_its_work_was_done(bench: Page) -> None:
    script = """const trace = new Trace();
        trace.hear(told([['landmarks', 7, 99.5, 99.7], ['field', 8, 99.8, 99.81], ['warp', 9, 99.9, 99.903]]), 5000);
        chart.draw(trace, 5000);
        return [colourAt(120, 10), colourAt(280, 10), colourAt(320, 10), colourAt(404, 40), colourAt(420, 67),
                colourAt(501, 67), canvas.width / window.devicePixelRatio];"""
    assert on(bench, script) == [RED, RED, WHITE, GREEN, WHITE, BLUE, 600]


def test_time_runs_leftwards(bench: Page) -> None:
    script = """const trace = new Trace();
        trace.hear(told([['landmarks', 7, 99.9, 99.95]]), 5000);
        const seen = [];
        for (const now of [5000, 5100, 5300]) {
          chart.draw(trace, now);
          seen.push(colourAt(503, 10), colourAt(403, 10));
        }
        return seen;"""
    assert on(bench, script) == [RED, WHITE, WHITE, RED, WHITE, WHITE]


def test_threads_lead_from_a_shown_frame_to_what_it_used(bench: Page) -> None:
    script = """const trace = new Trace();
        const spans = [['landmarks', 7, 99.6, 99.7], ['field', 8, 99.75, 99.8], ['warp', 9, 99.85, 99.86]];
        trace.hear(told(spans), 5000);
        const between = () => pixels.getImageData(0, 51 * scale, canvas.width, 2).data;
        const inked = () => {
          const data = between();
          for (let at = 0; at < data.length; at += 4) if (data[at + 3] && data[at] + data[at + 1] < 500) return true;
          return false;
        };
        const touched = [];
        for (const shown of [null, [9, 99.85, 7, 8, 'corrected'], [9, 99.85, null, null, 'warming_up']]) {
          trace.shown = [];
          if (shown) trace.hear(told([], [shown]), 5000);
          chart.draw(trace, 5000);
          touched.push(inked());
        }
        return touched;"""
    assert on(bench, script) == [False, True, False]


def test_the_quickest_message_tells_how_the_clocks_differ(bench: Page) -> None:
    script = """const trace = new Trace();
        trace.hear(told([['landmarks', 1, 99, 99.1]], [], 100), 5080);
        trace.hear(told([['landmarks', 2, 100, 100.1]], [], 100.2), 5210);
        trace.hear(told([['landmarks', 3, 100.2, 100.3]], [], 100.4), 5500);
        return trace.spans.map(({begin}) => Math.round(begin));"""
    # Under way for at least 80, 10 and 100 ms: only the second tells more than the one before.
    assert on(bench, script) == [4080, 5010, 5210]


def test_what_is_long_past_is_forgotten(bench: Page) -> None:
    script = """const trace = new Trace();
        for (let n = 0; n < 1000; n++) {
          trace.hear(told([['landmarks', n, n / 5, n / 5 + 0.1]], [[n, n / 5, n, n, 'corrected']], n / 5), 200 * n);
        }
        return [trace.spans.length, trace.shown.length, trace.find('landmarks', 5) === undefined];"""
    spans, shown, gone = on(bench, script)
    assert spans < 30
    assert shown < 30
    assert gone


@pytest.mark.parametrize(
    ("shown", "ages"),
    [
        ("[]", None),
        ("[[5, 99.9, null, null, 'warming_up']]", None),
        ("[[5, 99.9, 4, 3, 'corrected']]", {"landmarks": 1, "field": 2}),
        (
            "[[5, 99.7, 0, 0, 'late'], [6, 99.8, 5, 5, 'corrected'], [7, 99.9, 5, 6, 'corrected']]",
            {"landmarks": 2, "field": 1},
        ),
        ("[[5, 98.5, 0, 0, 'late'], [6, 99.8, 6, 6, 'corrected']]", {"landmarks": 0, "field": 0}),
    ],
)
def test_ages_are_the_middle_ones_of_the_last_second(bench: Page, shown: str, ages: dict[str, int] | None) -> None:
    script = f"const trace = new Trace(); trace.hear(told([], {shown}), 5000); return trace.ages(5000);"
    assert on(bench, script) == ages


def test_what_this_browser_has_shown_is_joined_to_the_work_that_it_used(bench: Page) -> None:
    script = """const trace = new Trace();
        const hear = (now, spans) => trace.hear({now, spans, shown: []}, 1000 * now);
        const shown = (frame, at, landmarks, field) => ({frame, at, landmarks, field, verdict: 'corrected'});
        const spans = [{line: 'warp', frame: 51, begin: 60, end: 64}, {line: 'warp', frame: 52, begin: 180, end: 184}];
        const mine = {spans, shown: [shown(51, 64, 50, 49), shown(52, 184, 51, 50)]};
        trace.join(mine, hear(0.1, [['field', 6, 0, 0.01], ['landmarks', 7, 0, 0.03], ['landmarks', 8, 0.05, 0.09]]));
        const early = trace.shown.length;
        trace.join({spans: [], shown: []}, hear(0.2, [['field', 7, 0.1, 0.11], ['landmarks', 9, 0.15, 0.19]]));
        trace.join({spans: [], shown: [shown(53, 195, 51, 50)]}, hear(0.3, []));
        return [early, trace.shown, trace.spans.filter(({line}) => line === 'warp').map(({frame}) => frame)];"""
    early, shown, warped = on(bench, script)
    assert early == 1, "the second was shown after what the relay had told of by then"
    # The newest landmarks by then were of the relay's frame 7, which is the browser's 50; then 8, its 51. The relay's 9
    # had been found, but had not come, when the third was shown.
    assert [(one["frame"], one["landmarks"], one["field"]) for one in shown] == [(8, 7, 6), (9, 8, 7), (10, 8, 7)]
    assert warped == [8, 9]


def test_ages_are_put_in_words(bench: Page) -> None:
    words = on(bench, "return [sentence(null), sentence({landmarks: 1, field: 2})];")
    assert words == ["No frame is shown corrected.", "Shown with landmarks 1 frame old, field 2 frames old."]


ASKED = "said.filter(({type}) => type === 'trace').map(({enabled}) => enabled)"


def asked(page: Page) -> list[bool]:
    """What the page has asked of the trace so far."""
    found: list[bool] = page.evaluate(ASKED)
    return found


def test_the_relays_lines_are_drawn(live: Page) -> None:
    live.get_by_role("heading", name="Eyeline").scroll_into_view_if_needed()
    for _ in range(PATIENCE // 500):
        live.wait_for_timeout(500)
        shares = live.evaluate(FILLED)
        if all(share > 0.002 for share in shares):
            break
    else:
        raise AssertionError(f"rows are empty: {shares}")


def test_the_ages_are_told_and_change_at_most_once_a_second(live: Page) -> None:
    expect(live.locator("#ages")).to_contain_text("Shown with landmarks", timeout=PATIENCE)
    script = """async () => {
        const canvas = document.getElementById('strip');
        const times = [];
        new MutationObserver(() => times.push(performance.now())).observe(canvas, {attributeFilter: ['aria-label']});
        await new Promise((soon) => setTimeout(soon, 5000));
        return [canvas.getAttribute('aria-label'), times];
    }"""
    label, times = live.evaluate(script)
    assert "Shown with landmarks" in label
    assert all(later - earlier > 900 for earlier, later in pairwise(times))


def test_the_trace_is_asked_for_only_while_somebody_sees_it(live: Page) -> None:
    live.evaluate("window.said = []")
    live.get_by_text("Who works on which frame").click()
    wait_until(live, f"{ASKED}.length === 1")
    live.wait_for_timeout(500)
    live.evaluate("window.heard = []")
    live.wait_for_timeout(1000)
    assert live.evaluate("heard.filter(({type}) => type === 'trace').length") == 0
    live.get_by_text("Who works on which frame").click()
    wait_until(live, "heard.some(({type}) => type === 'trace')")
    for hidden in (True, False):
        live.evaluate(
            "(hidden) => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true}); "
            "document.dispatchEvent(new Event('visibilitychange')); }",
            hidden,
        )
    live.evaluate("delete document.hidden")
    live.set_viewport_size({"width": 1280, "height": 300})
    live.evaluate("window.scrollTo(0, 0)")
    wait_until(live, f"{ASKED}.length === 5")
    live.set_viewport_size({"width": 1280, "height": 800})
    live.locator("#strip").scroll_into_view_if_needed()
    wait_until(live, f"{ASKED}.length === 6")
    assert asked(live) == [False, True, False, True, False, True]


def test_it_moves_as_often_as_the_eye_needs_and_hardly_where_motion_is_not_wanted(live: Page) -> None:
    live.locator("#strip").scroll_into_view_if_needed()
    assert 6 <= live.evaluate(COUNT_DRAWINGS) <= 62
    live.emulate_media(reduced_motion="reduce")
    assert 2 <= live.evaluate(COUNT_DRAWINGS) <= 5
    live.emulate_media(reduced_motion="no-preference")


def test_whether_it_is_folded_away_is_remembered(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    begin(page)
    expect(page.locator("#strip")).to_be_visible()
    page.get_by_text("Who works on which frame").click()
    expect(page.locator("#strip")).to_be_hidden()
    page.reload()
    begin(page)
    expect(page.locator("#strip")).to_be_hidden()
    page.wait_for_timeout(1000)
    assert True not in asked(page)


def test_a_relay_that_cannot_tell_has_no_strip(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    begin(page)
    expect(page.locator("#lines")).to_be_visible()
    page.evaluate("window.pretend({type: 'error', code: 'unknown_type', message: 'none of settings, calibrate, ping'})")
    expect(page.locator("#lines")).to_be_hidden()
    expect_showing(page, "corrected")
