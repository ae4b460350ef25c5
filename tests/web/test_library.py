"""The client library in a page of another site, in a real browser, against a real relay that requires tokens.

Failures are tested without a browser: corrected.test.js, call.test.js and others.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.clips import Clip
from tests.deadlines import milliseconds
from tests.running import RunningRelay
from tests.test_end_to_end import poll
from tests.web.driving import expect_relay_uses, wait_until
from tests.web.embedding import (
    Site,
    correct,
    embed,
    expect_state,
    expect_turned,
    expect_untouched,
    gaps,
    serving,
)

FALLBACK_WITHIN = milliseconds(
    2
)  # from the relay's last message to the camera's own video; 0.6 to 0.9 s on an idle machine
LONGEST_GAP = milliseconds(1)  # beyond the camera's own

LOUDNESS = """async () => {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context);
  context.createMediaStreamSource(new MediaStream([corrected.audio])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  await until(() => {
    analyser.getFloatTimeDomainData(samples);
    return Math.max(...samples.map(Math.abs)) > 0.01;
  });
  await context.close();
  return true;
}"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A site on another origin than the relay."""
    with serving() as site:
        yield site


@pytest.fixture(scope="module")
def relay(site: Site) -> Iterator[RunningRelay]:
    """A relay that requires tokens and allows the other origin."""
    with RunningRelay("--port", "0", *site.flags, scripted=True) as relay:
        yield relay


def strict(relay: RunningRelay) -> str:
    """The strictest policy with which the library works."""
    allowed = (
        f"default-src 'none'; script-src {relay.address}; connect-src {relay.address}; worker-src blob: {relay.address}"
    )
    return f"{allowed}; media-src blob:; img-src data:"


@pytest.mark.parametrize("place", ["relay", "here"])
def test_one_track_goes_on_whatever_happens(browser: Browser, site: Site, camera: Clip, place: str) -> None:
    """Under a strict policy: corrected, with another camera, without the relay, and corrected again."""
    with RunningRelay("--port", "0", *site.flags, scripted=True) as first:
        page = embed(browser, site, policy=strict(first))
        correct(page, first.address, "{audio: await camera({audio: true})}")
        expect_state(page, "corrected")
        assert page.evaluate("corrected.stats().track.raw") > 0, "raw frames before the relay is connected"
        assert page.evaluate("corrected.stats().track.route") == "worker"
        if place == "here":
            page.evaluate("corrected.change({where: 'here'})")
            wait_until(page, "corrected.stats().where === 'here' && corrected.stats().frames.corrected > 0")
            expect_state(page, "corrected")
        else:
            page.evaluate("corrected.change({strength: 90})")
            expect_relay_uses(page, strength=90)
            assert page.evaluate(LOUDNESS)
        expect_turned(page, camera)
        page.evaluate("camera().then((other) => corrected.replaceCamera(other))")
        expect_turned(page, camera)
        wait_until(page, "corrected.stats().up_mbps !== null")
        stats = page.evaluate("corrected.stats()")
        assert (stats["where"], stats["width"], stats["sound"]) == (place, camera.width, "running")
        assert stats["trip_ms"] > 0
        assert stats["frames"]["in"] >= stats["frames"]["corrected"] > 0
        assert len(page.workers) == (1 if place == "relay" else 3), (
            "one worker passes frames; two more for warping here"
        )

        page.evaluate("states.length = 0")
        first.kill()
        expect_state(page, "raw")
        fallback_delay = "states.find(({state}) => state === 'raw').at - Math.max(...received.map(({at}) => at))"
        assert page.evaluate(fallback_delay) < FALLBACK_WITHIN
        expect_untouched(page, camera)
        expect_state(page, "raw", "unreachable")
    with RunningRelay("--port", str(first.port), *site.flags, scripted=True) as second:
        page.evaluate("corrected.retry()")
        expect_state(page, "corrected")
        expect_turned(page, camera)
        assert page.evaluate("corrected.track === first && first.readyState === 'live'")
        stats = gaps(page)
        assert stats["step"] > 0, "time went backwards"
        assert stats["longest"] < LONGEST_GAP
        page.evaluate("window.mine = corrected.audio")
        page.evaluate("corrected.stop()")
        assert page.evaluate("[corrected.state, first.readyState, mine.readyState]") == ["stopped", "ended", "ended"]
        poll(lambda: "closed by its client" in second.lines[-1])
    page.close()


def test_a_page_that_allows_no_workers_has_its_eyes_turned_all_the_same(
    browser: Browser, relay: RunningRelay, site: Site, camera: Clip
) -> None:
    page = embed(browser, site, policy=f"script-src {relay.address} 'unsafe-eval'; worker-src 'none'")
    correct(page, relay.address)
    expect_state(page, "corrected")
    expect_turned(page, camera, 1)
    page.evaluate("corrected.change({where: 'here'})")
    expect_state(page, "raw", "no_worker")
    expect_untouched(page, camera)
    page.close()


def test_without_frames_for_scripts_a_canvas_does(
    browser: Browser, relay: RunningRelay, site: Site, camera: Clip
) -> None:
    page = embed(browser, site)
    correct(page, relay.address, "{route: 'canvas'}")
    expect_state(page, "corrected")
    expect_turned(page, camera, 1)
    assert page.evaluate("corrected.stats().track.route") == "canvas"
    page.route("**/api/**", lambda route: route.abort())
    page.evaluate("inject({type: 'draining', seconds: 30})")
    expect_state(page, "raw")
    expect_untouched(page, camera)
    page.close()
