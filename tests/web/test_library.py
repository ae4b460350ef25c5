"""The client library in a page of another site, against a real relay that asks for tokens."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Browser, Page

from tests.clips import Clip
from tests.running import RunningRelay
from tests.test_end_to_end import TURNED, compare, grab, poll
from tests.web.driving import expect_relay_uses, wait_until
from tests.web.embedding import Site, correct, embed, expect_state, gaps, serving

FALLS_BACK = 2000  # milliseconds from the relay's last word to the camera's own picture
LONGEST_GAP = 1000  # beyond the camera's own


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Another site than the relay's."""
    with serving() as site:
        yield site


@pytest.fixture(scope="module")
def relay(model: Path, site: Site) -> Iterator[RunningRelay]:
    """A relay that asks for tokens and knows the other site."""
    with RunningRelay("--port", "0", *site.flags) as relay:
        yield relay


@pytest.fixture(scope="module")
def live(browser: Browser, relay: RunningRelay, site: Site) -> Iterator[Page]:
    """A meeting that goes on through the tests of this module."""
    page = embed(browser, site)
    correct(page, relay.address, "{audio: await camera({audio: true})}")
    expect_state(page, "corrected")
    yield page
    page.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    page = embed(browser, site)
    yield page
    page.close()


def turned(page: Page, camera: Clip, wanted: int = 3) -> None:
    """Wait for so many pictures with the eyes turned."""
    found: list[float] = []

    def look() -> bool:
        rises = [compare(number, picture, camera).rise for number, picture in grab(page, "#corrected", 4, camera)]
        found.extend(rise for rise in rises if rise > TURNED)
        return len(found) >= wanted

    poll(look)


def untouched(page: Page, camera: Clip) -> bool:
    """Whether the pictures are the camera's own."""
    pictures = grab(page, "#corrected", 5, camera)
    return median(compare(number, picture, camera).rise for number, picture in pictures) < TURNED / 2


def test_the_track_shows_the_camera_at_once_and_then_turned_eyes(live: Page, camera: Clip) -> None:
    turned(live, camera)
    assert "corrected" in live.evaluate("states.map(({state}) => state)")
    assert live.evaluate("corrected.stats().track.raw") > 0, "nothing was shown before the relay was there"
    assert live.evaluate("corrected.stats().track.route") == "worker"
    told = gaps(live)
    assert told["step"] > 0, "time went backwards"
    assert told["longest"] < LONGEST_GAP


def test_one_object_tells_what_happens(live: Page) -> None:
    wait_until(live, "corrected.stats().frames.corrected > 0 && corrected.stats().up_mbps !== null")
    stats = live.evaluate("corrected.stats()")
    assert (stats["where"], stats["width"]) == ("relay", 640)
    wait_until(live, "corrected.stats().state === 'corrected'")
    assert stats["trip_ms"] > 0
    assert stats["delay_ms"]["p50"] > 0
    assert stats["frames"]["in"] >= stats["frames"]["corrected"]
    assert stats["sound"] == "running"


def test_settings_travel_and_wrong_ones_are_refused(live: Page) -> None:
    live.evaluate("corrected.change({strength: 60, mode: 'teleprompter'})")
    expect_relay_uses(live, strength=60, mode="teleprompter")
    refused = live.evaluate("""() => [{strength: 101}, {mode: 'else'}, {size: 1}, {where: 'there'}].map((wrong) => {
        try { corrected.change(wrong); return ''; } catch (error) { return `${error.name} ${error.message}`; }
    })""")
    for message, word in zip(refused, ("strength: 101", 'mode: "else"', "size", 'where: "there"'), strict=True):
        assert message.startswith("TypeError")
        assert word in message
    assert live.evaluate("corrected.settings.strength") == 60
    live.evaluate("corrected.change({strength: 100, mode: 'natural'})")
    expect_relay_uses(live, strength=100, mode="natural")


def test_another_place_another_camera_the_same_track(live: Page, camera: Clip) -> None:
    live.evaluate("corrected.change({where: 'here'})")
    wait_until(live, "corrected.state !== 'corrected'")
    expect_state(live, "corrected")
    turned(live, camera)
    wait_until(live, "corrected.stats().where === 'here' && corrected.stats().frames.corrected > 0")
    live.evaluate("camera({video: {width: 640, height: 480}}).then((other) => corrected.replaceCamera(other))")
    turned(live, camera)
    live.evaluate("corrected.change({where: 'relay'})")
    wait_until(live, "corrected.state !== 'corrected'")
    expect_state(live, "corrected")
    assert live.evaluate("corrected.track === first && first.readyState === 'live'")
    told = gaps(live)
    assert told["step"] > 0
    assert told["longest"] < LONGEST_GAP


def test_a_relay_that_is_about_to_stop_is_left_at_once(live: Page) -> None:
    live.evaluate("states.length = 0")
    live.evaluate("pretend({type: 'draining', seconds: 30})")
    wait_until(live, "states.some(({state, code}) => state === 'raw' && code === 'draining')")
    expect_state(live, "corrected")


def test_a_stopped_one_lets_go_of_everything_but_the_camera(live: Page, relay: RunningRelay) -> None:
    live.evaluate("window.mine = corrected.audio")
    live.evaluate("corrected.stop()")
    assert live.evaluate("[corrected.state, first.readyState, mine.readyState]") == ["stopped", "ended", "ended"]
    poll(lambda: "closed by its client" in relay.lines[-1])


@pytest.mark.parametrize("place", ["relay", "here"])
def test_a_lost_relay_leaves_the_raw_picture_and_is_found_again(
    page: Page, model: Path, site: Site, camera: Clip, place: str
) -> None:
    with RunningRelay("--port", "0", *site.flags) as first:
        correct(page, first.address, f"{{where: '{place}'}}")
        expect_state(page, "corrected")
        turned(page, camera, 1)
        page.evaluate("film.length = source.length = 0")
        first.kill()
        expect_state(page, "raw")
        silent = "states.at(-1).at - Math.max(...heard.map(({at}) => at))"
        assert page.evaluate(silent.replace("at(-1)", "findLast(({state}) => state === 'raw')")) < FALLS_BACK
        assert untouched(page, camera)
        expect_state(page, "raw", "unreachable")
        told = gaps(page)
        assert told["longest"] < LONGEST_GAP
        assert told["step"] > 0
    with RunningRelay("--port", str(first.port), *site.flags):
        expect_state(page, "corrected")
        turned(page, camera, 1)
        assert page.evaluate("corrected.track === first")
        page.evaluate("corrected.stop()")


def test_a_wrong_token_leaves_the_raw_picture_and_says_why(page: Page, relay: RunningRelay, camera: Clip) -> None:
    correct(page, relay.address, "{token: 'wrong'}")
    expect_state(page, "raw", "unauthorized")
    assert page.evaluate("corrected.phase") == "refused", "asking again with the same token cannot help"
    assert "token" in page.evaluate("corrected.status.message")
    assert untouched(page, camera)


def test_a_token_that_is_refused_is_asked_for_anew(page: Page, relay: RunningRelay) -> None:
    correct(page, relay.address, "{token: async () => (window.asked = (window.asked ?? 0) + 1) > 1 ? token : 'old'}")
    expect_state(page, "corrected")
    assert page.evaluate("asked") == 2
    assert "unauthorized" in page.evaluate("states.map(({code}) => code)")


def test_a_full_relay_is_asked_again(page: Page, relay: RunningRelay, site: Site) -> None:
    problem = '{"status": 503, "code": "busy", "title": "x", "detail": "the relay holds 8 sessions"}'
    headers = {
        "Access-Control-Allow-Origin": site.origin,
        "Access-Control-Expose-Headers": "Retry-After",
        "Retry-After": "1",
    }
    page.route("**/api/sessions", lambda route: route.fulfill(status=503, body=problem, headers=headers))
    correct(page, relay.address)
    expect_state(page, "raw", "busy")
    assert page.evaluate("corrected.status.message") == "the relay holds 8 sessions"
    page.unroute("**/api/sessions")
    expect_state(page, "corrected")


def test_an_address_without_a_relay(page: Page, relay: RunningRelay, site: Site, camera: Clip) -> None:
    correct(page, relay.address, f"{{relay: '{site.origin}/nothing'}}")
    expect_state(page, "raw", "not_a_relay")
    assert untouched(page, camera)


def test_a_page_that_allows_no_workers_has_its_eyes_turned_all_the_same(
    browser: Browser, relay: RunningRelay, site: Site, camera: Clip
) -> None:
    page = embed(browser, site, policy=f"script-src {relay.address} 'unsafe-eval'; worker-src 'none'")
    correct(page, relay.address)
    expect_state(page, "corrected")
    turned(page, camera, 1)
    page.evaluate("corrected.change({where: 'here'})")
    expect_state(page, "raw", "no_worker")
    assert untouched(page, camera)
    page.close()


def test_a_page_that_allows_blobs_and_the_relay_has_its_workers(
    browser: Browser, relay: RunningRelay, site: Site, camera: Clip
) -> None:
    allowed = (
        f"default-src 'none'; script-src {relay.address}; connect-src {relay.address}; worker-src blob: {relay.address}"
    )
    page = embed(browser, site, policy=f"{allowed}; media-src blob:; img-src data:")
    correct(page, relay.address, "{where: 'here'}")
    expect_state(page, "corrected")
    turned(page, camera, 1)
    assert len(page.workers) >= 2
    page.close()


def test_without_frames_for_scripts_a_canvas_does(page: Page, relay: RunningRelay, camera: Clip) -> None:
    correct(page, relay.address, "{route: 'canvas'}")
    expect_state(page, "corrected")
    turned(page, camera, 1)
    assert page.evaluate("corrected.stats().track.route") == "canvas"
    page.route("**/api/**", lambda route: route.abort())
    page.evaluate("pretend({type: 'draining', seconds: 30})")
    expect_state(page, "raw")
    assert untouched(page, camera)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("[await camera({audio: true})]", "kind video"),
        ("[null]", "kind video"),
        ("[await camera(), {audio: await camera()}]", "kind audio"),
        ("[await camera(), {strength: -1}]", "strength: -1"),
        ("[await camera(), {relais: ''}]", "relais"),
        ("[await camera(), {token: 5}]", "token: number"),
        ("[await camera(), {where: 'here', publish: {whip: 'x'}}]", "publish"),
    ],
)
def test_a_wrong_argument_is_refused_by_name(blank: Page, relay: RunningRelay, arguments: str, words: str) -> None:
    script = f"""async (relay) => {{
        const {{correctTrack}} = await import(relay + '/eyeline.js');
        return correctTrack(...{arguments}).then(() => '', (error) => `${{error.name}} ${{error.message}}`);
    }}"""
    refused = blank.evaluate(script, relay.address)
    assert refused.startswith("TypeError")
    assert words in refused


@pytest.fixture(scope="module")
def blank(browser: Browser, site: Site) -> Iterator[Page]:
    """A page of the other site in which nothing has begun."""
    page = embed(browser, site)
    yield page
    page.close()


def test_guests_of_the_relays_own_page_are_given_a_token(browser: Browser, model: Path, site: Site) -> None:
    with RunningRelay("--port", "0", *site.flags, "--guests") as relay:
        page = embed(browser, site)
        sent: list[str] = []
        page.on(
            "request", lambda one: sent.append(one.headers.get("authorization", "")) if one.method == "POST" else None
        )
        page.goto(f"{relay.address}/logo.svg")
        page.evaluate(
            """async () => {
              const {correctTrack} = await import('/eyeline.js');
              window.corrected = await correctTrack(await camera());
            }"""
        )
        expect_state(page, "corrected")
        assert sent[0] == ""
        assert sent[1].startswith("Bearer ")
        page.close()


def test_an_aborted_signal_ends_it(blank: Page, relay: RunningRelay) -> None:
    ended = blank.evaluate(
        """async (relay) => {
          const {correctTrack} = await import(relay + '/eyeline.js');
          const over = new AbortController();
          const corrected = await correctTrack(await camera(), {relay, signal: over.signal});
          over.abort();
          return [corrected.state, corrected.track.readyState];
        }""",
        relay.address,
    )
    assert ended == ["stopped", "ended"]
