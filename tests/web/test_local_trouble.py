"""The local path when something is missing or lost: frames continue, and it recovers automatically.

A fake relay runs inside the page (pretending.js).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.clips import Clip
from tests.running import ROOT
from tests.scripted import SMALL
from tests.web.local import READ_NUMBERS, open_blank, packets_of, run

# Prepended to the worker's script, for what a test has to inspect or do in there.
LOSE_CONTEXT = """
const made = [], get = OffscreenCanvas.prototype.getContext;
OffscreenCanvas.prototype.getContext = function (kind, ...rest) {
  const context = get.call(this, kind, ...rest);
  if (kind === 'webgl2') made.push(context);
  return context;
};
self.addEventListener('message', ({data}) => {
  if (data.type === 'test') made.at(-1).getExtension('WEBGL_lose_context').loseContext();
});
"""
COUNT_FRAMES = """
const held = new Set(), faults = [];
let seen = 0;
const wrap = (kind, name, act) => {
  const native = kind.prototype[name];
  kind.prototype[name] = function (...words) { return act.call(this, native, words); };
};
wrap(ReadableStreamDefaultReader, 'read', async function (native) {
  const result = await native.call(this);
  if (result.value instanceof Native) { held.add(result.value); seen += 1; }
  return result;
});
wrap(WritableStreamDefaultWriter, 'write', function (native, [frame]) {
  if (!held.delete(frame)) faults.push('written after it was closed');
  return native.call(this, frame);
});
const Native = VideoFrame;
wrap(Native, 'close', function (native) {
  if (!held.delete(this)) faults.push('closed twice');
  native.call(this);
});
self.VideoFrame = class extends Native {
  constructor(...words) { super(...words); held.add(this); }
};
self.addEventListener('message', ({data}) => {
  if (data.type === 'test') self.postMessage({test: {seen, held: held.size, faults}});
});
"""

# Lets a test exchange messages with the worker of the local path.
TAP = """const tap = new EventTarget(), Native = Worker;
    window.Worker = class extends Native {
      constructor(...words) {
        super(...words);
        if (words[1].name !== 'local') return;
        tap.request = () => this.postMessage({type: 'test'});
        this.addEventListener('message', (event) => {
          if (!event.data.test) return;
          event.stopImmediatePropagation();
          tap.answer = event.data.test;
        });
      }
    };"""


@pytest.fixture(scope="module")
def camera() -> Clip:
    return SMALL


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = open_blank(browser, READ_NUMBERS)
    yield page
    page.close()


@pytest.fixture(scope="module")
def packets(camera: Clip) -> dict[str, Any]:
    return packets_of(camera)


def prepend(page: Page, script: str) -> None:
    """Prepend this to the worker's script."""
    body = script + Path(ROOT, "web", "warp", "routes", "local-worker.js").read_text()
    page.route("**/local-worker.js", lambda route: route.fulfill(body=body, content_type="text/javascript"))


def test_frames_pass_in_order_and_untouched_before_any_packet(page: Page) -> None:
    script = """const {camera, local, end} = await begin();
        const sums = [[], []];
        const note = (into) => async (frame) => {
          const luma = await lumaOf(frame);
          let sum = frame.codedWidth;
          for (let at = 0; at < luma.length; at++) sum = (31 * sum + luma[at]) | 0;
          into.push([frame.timestamp, sum, numberOn(luma, frame.codedWidth, frame.codedHeight)]);
        };
        // Two frames may have nearly the same time: compare the numbers too.
        const known = () => sums[1].flatMap(([time, sum, number]) => {
          const given = nearest(sums[0], time);
          return given?.[2] === number ? [[given[1], sum]] : [];
        });
        watch(camera.clone(), note(sums[0]));
        watch(local.track, note(sums[1]));
        await until(() => known().length > 15 && local.stats().frames.out > 15);
        const {frames, route} = local.stats();
        end();
        return {route, frames, known: known(), times: sums[1].map(([time]) => time)};"""
    found = run(page, script)
    assert found["route"] == "worker"
    assert found["frames"]["passed"] == {"warming_up": found["frames"]["out"]}
    assert found["times"] == sorted(found["times"])
    assert all(given == shown for given, shown in found["known"])


def test_every_frame_is_closed_once(page: Page, packets: dict[str, Any]) -> None:
    """Frames of the camera, and all frames made from them."""
    prepend(page, COUNT_FRAMES)
    script = f"""{TAP}
        const {{camera, local, end}} = await begin({{packets: given}});
        await until(() => corrected(local) > 10);
        camera.stop();
        // The last frames are still being processed.
        await until(() => {{ tap.request(); return tap.answer?.held === 0; }});
        end();
        return tap.answer;"""
    found = run(page, script, packets)
    assert found["seen"] > 10
    assert found["faults"] == []


def test_frames_go_on_while_graphics_are_lost_and_are_corrected_again(page: Page, packets: dict[str, Any]) -> None:
    prepend(page, LOSE_CONTEXT)
    script = f"""{TAP}
        const {{local, end}} = await begin({{packets: given}});
        await until(() => corrected(local) > 5);
        let seen = 0;
        watch(local.track, () => {{ seen += 1; }});
        tap.request();
        const without = () => local.stats().frames.passed.no_graphics ?? 0;
        await until(() => without() > 0);
        const [before, then] = [corrected(local), seen];
        await until(() => seen > then + 5);
        await until(() => corrected(local) > before + 10);
        const {{frames}} = local.stats();
        end();
        return frames;"""
    frames = run(page, script, packets)
    assert frames["passed"]["no_graphics"] > 0
    assert frames["in"] == pytest.approx(frames["out"] + frames["dropped"], abs=3)


def test_a_browser_without_frames_for_workers_draws_on_a_canvas(page: Page, packets: dict[str, Any]) -> None:
    """Also when the page's video callbacks have stopped, as they do in a hidden tab."""
    script = """const {local, relay, end} = await begin({packets: given, route: 'canvas'});
        await until(() => corrected(local) > 5);
        let numbers = new Set();
        watch(local.track, async (frame) => {
          const {codedWidth: width, codedHeight: height} = frame;
          numbers.add(numberOn(await lumaOf(frame), width, height));
        });
        await until(() => numbers.size > 10);
        const {route, stamps, frames, width, height} = local.stats();
        Object.defineProperty(document, 'hidden', {get: () => true});
        document.dispatchEvent(new Event('visibilitychange'));
        HTMLVideoElement.prototype.requestVideoFrameCallback = () => 0;
        relay.answers = false;
        numbers = new Set();
        await until(() => numbers.size > 10);
        const later = local.stats().frames;
        end();
        return {route, stamps, size: [width, height], out: frames.out, later: later.out};"""
    found = run(page, script, packets)
    assert (found["route"], found["stamps"], found["size"]) == ("canvas", "rtp", [320, 240])
    assert found["later"] > found["out"] > 5


def test_a_browser_without_graphics_says_so(browser: Browser) -> None:
    blind = """const get = OffscreenCanvas.prototype.getContext;
        OffscreenCanvas.prototype.getContext = function (kind, ...rest) {
          return kind === 'webgl2' ? null : get.call(this, kind, ...rest);
        };"""
    for script, obstacle in (("", ""), (blind, "no_webgl")):
        page = open_blank(browser, script)
        assert run(page, "return Local.obstacle;") == obstacle
        page.close()
