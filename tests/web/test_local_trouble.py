"""The local path where something is missing, slow or lost: pictures go on, and it recovers by itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.clips import Clip
from tests.running import ROOT
from tests.web.local import CAMERA, READ_NUMBERS, open_blank, packets_of, run

# Goes before the worker's own script, for what a test has to see or do in there.
LOSE = """
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
SLOW = """
const draw = OffscreenCanvasRenderingContext2D.prototype.drawImage;
OffscreenCanvasRenderingContext2D.prototype.drawImage = function (...words) {
  const end = performance.now() + 60;  // and there are two for each face
  while (performance.now() < end);
  return draw.apply(this, words);
};
"""
ACCOUNT = """
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

# Lets a test speak with the worker of the local path, and hear what it answers.
TAP = """const tap = new EventTarget(), Native = Worker;
    window.Worker = class extends Native {
      constructor(...words) {
        super(...words);
        if (words[1].name !== 'local') return;
        tap.say = () => this.postMessage({type: 'test'});
        this.addEventListener('message', (event) => {
          if (!event.data.test) return;
          event.stopImmediatePropagation();
          tap.heard = event.data.test;
        });
      }
    };"""


@pytest.fixture(scope="module")
def camera() -> Clip:
    """Twice as large as the copy that goes to the relay."""
    return CAMERA


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = open_blank(browser, READ_NUMBERS)
    yield page
    page.close()


@pytest.fixture(scope="module")
def packets(camera: Clip) -> dict[str, Any]:
    return packets_of(camera)


def tamper(page: Page, script: str) -> None:
    """Run this in the worker before its own script."""
    body = script + Path(ROOT, "web", "local-worker.js").read_text()
    page.route("**/local-worker.js", lambda route: route.fulfill(body=body, content_type="text/javascript"))


@pytest.mark.parametrize("hidden", [False, True])
def test_a_browser_without_frames_for_workers_draws_on_a_canvas(
    page: Page, packets: dict[str, Any], hidden: bool
) -> None:
    """Hidden: the page's video callbacks have stopped, as they do in a tab that nobody sees."""
    script = """const {local, relay, end} = await begin({packets: given.packets, route: 'canvas'});
        await until(() => corrected(local) > 20);
        if (given.hidden) {
          Object.defineProperty(document, 'hidden', {get: () => true});
          document.dispatchEvent(new Event('visibilitychange'));
          HTMLVideoElement.prototype.requestVideoFrameCallback = () => 0;
          await sleep(500);
          relay.speaks = false;
        }
        const before = local.stats().frames.out, numbers = new Set();
        watch(local.track, async (frame) => {
          const {codedWidth: width, codedHeight: height} = frame;
          numbers.add(numberOn(await lumaOf(frame), width, height));
        });
        await sleep(3000);
        const {route, stamps, frames, width, height} = local.stats();
        end();
        return {route, stamps, size: [width, height], out: frames.out - before, numbers: numbers.size};"""
    found = run(page, script, {"packets": packets, "hidden": hidden})
    assert (found["route"], found["stamps"], found["size"]) == ("canvas", "rtp", [1280, 720])
    assert found["out"] > 20
    assert found["numbers"] > 10


def test_a_slow_browser_drops_frames_and_does_not_fall_behind(page: Page, packets: dict[str, Any]) -> None:
    tamper(page, SLOW)
    script = """const {local, end} = await begin({packets: given, maxLandmarkAge: 15, maxFieldAge: 15});
        await until(() => corrected(local) > 30);
        const {frames, delay_ms} = local.stats();
        end();
        return [frames, delay_ms.p95];"""
    frames, delay = run(page, script, packets)
    assert frames["dropped"] > 30
    assert frames["in"] == pytest.approx(frames["out"] + frames["dropped"], abs=3)
    assert delay < 600  # of a frame that waits for one and is drawn itself, on a busy machine


def test_every_frame_is_closed_once(page: Page, packets: dict[str, Any]) -> None:
    tamper(page, ACCOUNT)
    script = f"""{TAP}
        const {{camera, local, end}} = await begin({{packets: given}});
        await until(() => corrected(local) > 30);
        camera.stop();
        await sleep(500);
        tap.say();
        await until(() => tap.heard);
        end();
        return tap.heard;"""
    found = run(page, script, packets)
    assert found["seen"] > 30
    assert (found["held"], found["faults"]) == (0, [])


def test_frames_go_on_while_graphics_are_lost_and_are_corrected_again(page: Page, packets: dict[str, Any]) -> None:
    tamper(page, LOSE)
    script = f"""{TAP}
        const {{local, end}} = await begin({{packets: given}});
        await until(() => corrected(local) > 20);
        const gaps = [];
        let last = performance.now();
        watch(local.track, (_, at) => {{ gaps.push(at - last); last = at; }});
        await sleep(500);
        const before = corrected(local);
        tap.say();
        await until(() => local.stats().frames.passed.no_graphics > 0 || corrected(local) > before + 60);
        await until(() => corrected(local) > before + 60);
        const {{frames}} = local.stats();
        end();
        return {{gap: Math.max(...gaps), frames}};"""
    found = run(page, script, packets)
    assert found["frames"]["passed"]["no_graphics"] > 0
    assert found["gap"] < 1000


def test_a_browser_without_graphics_says_so(browser: Browser) -> None:
    blind = """const get = OffscreenCanvas.prototype.getContext;
        OffscreenCanvas.prototype.getContext = function (kind, ...rest) {
          return kind === 'webgl2' ? null : get.call(this, kind, ...rest);
        };"""
    for script, obstacle in (("", ""), (blind, "no_webgl")):
        page = open_blank(browser, script)
        assert run(page, "return Local.obstacle;") == obstacle
        page.close()
