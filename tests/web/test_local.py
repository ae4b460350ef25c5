"""The local path with a camera whose frames are twice as large as the copy that is sent to the relay.

A fake relay runs inside the page (pretending.js), so that the eye positions are known exactly.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.clips import Clip
from tests.web.local import READ_NUMBERS, open_blank, packets_of, run

SIZE = [1280, 720]


@pytest.fixture(scope="module")
def camera() -> Clip:
    return Clip(width=1280, height=720, eye_width=72, sway=40, seconds=2, numbered=True)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = open_blank(browser, READ_NUMBERS)
    yield page
    page.close()


@pytest.fixture(scope="module")
def packets(camera: Clip) -> dict[str, Any]:
    return packets_of(camera)


def test_the_eyes_of_the_full_picture_move_and_nothing_else(page: Page, packets: dict[str, Any], camera: Clip) -> None:
    """Claims 24 and 25: the local device warps its own newest frame. Eyes are lifted by 0.12 of their width."""
    script = """const {camera, local, relay, end} = await begin({...given, guard: false});
        await until(() => corrected(local) > 5);
        const originals = [], found = [];
        watch(camera.clone(), async (frame) => originals.push([frame.timestamp, await lumaOf(frame)]));
        watch(local.track, async (frame) => {
          const [ours, original] = [await lumaOf(frame), nearest(originals, frame.timestamp)?.[1]];
          const {codedWidth: width, codedHeight: height} = frame;
          if (!original || found.length === 4) return;
          const number = numberOn(ours, width, height), box = [width, height, 0, 0];
          // A busy camera gives two frames with nearly the same time: compare the numbers too.
          if (numberOn(original, width, height) !== number) return;
          let changed = 0;
          for (let at = 0; at < ours.length; at++) {
            if (ours[at] === original[at]) continue;
            const [x, y] = [at % width, Math.floor(at / width)];
            [box[0], box[1]] = [Math.min(box[0], x), Math.min(box[1], y)];
            [box[2], box[3]] = [Math.max(box[2], x), Math.max(box[3], y)];
            changed += 1;
          }
          if (changed) found.push({size: [width, height], number, box, changed});
        });
        await until(() => found.length === 4);
        const stats = local.stats();
        end();
        return {found, stats, sizes: relay.sizes};"""
    seen = run(page, script, {"packets": packets, "size": SIZE})
    for one in seen["found"]:
        assert one["size"] == SIZE
        ((right, left),) = camera.eyes(one["number"])
        left_edge, top, right_edge, bottom = one["box"]
        # Within the ellipses, which are 16/9 by 12/9 of an eye's width, with a margin for the head's motion since.
        slack = 0.25 * right.width
        assert left_edge > right.x - 8 / 9 * right.width - slack
        assert right_edge < left.x + 8 / 9 * left.width + slack
        assert top > min(right.y, left.y) - 6 / 9 * right.width - slack
        assert bottom < max(right.y, left.y) + 6 / 9 * right.width + slack
        assert one["changed"] > 0.3 * right.width**2
    assert seen["sizes"][-1] == [640, 360]
    assert [seen["stats"]["width"], seen["stats"]["height"]] == SIZE
    assert seen["stats"]["stamps"] == "rtp"
    assert seen["stats"]["packets"]["malformed"] == 0


def test_another_camera_goes_on_in_the_same_track(page: Page, packets: dict[str, Any]) -> None:
    script = """const {camera, local, relay, end} = await begin(given);
        await until(() => corrected(local) > 5);
        const [track, upload] = [local.track, local.upload];
        await local.replaceCamera(camera.clone());
        camera.stop();
        const before = corrected(local), sent = relay.sender.track;
        await until(() => corrected(local) > before + 10);
        const found = {
          same: track === local.track && track.readyState, former: upload.readyState, sent: sent === local.upload,
          settings: local.upload.getSettings().width, received: relay.sizes.at(-1),
        };
        end();
        return {...found, ended: [local.track.readyState, local.upload.readyState]};"""
    found = run(page, script, {"packets": packets, "size": SIZE})
    assert found == {
        "same": "live",
        "former": "ended",
        "sent": True,
        "settings": 640,
        "received": [640, 360],
        "ended": ["ended", "ended"],
    }
