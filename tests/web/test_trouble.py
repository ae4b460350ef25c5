"""What the page shows and does when something is missing, refused or lost."""

from playwright.sync_api import Browser, Page, Route, expect

from tests.deadlines import milliseconds
from tests.running import RunningRelay
from tests.web.conftest import OpenPage
from tests.web.driving import expect_gaze, expect_notice, expect_relay_uses, expect_showing, moves, start_call, wait_for
from tests.web.folder import serve_folder

# From the relay's last message to the camera's own video, milliseconds; the page takes 600 to 750.
FALLBACK_WITHIN = milliseconds(2)

WATCH = """
window.shown = [];
new MutationObserver(() => window.shown.push({at: performance.now(), showing: stage.dataset.showing}))
  .observe(stage, {attributeFilter: ['data-showing']});
"""

WITHOUT_MICROPHONE = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  if (constraints.audio) throw new DOMException('', 'NotFoundError');
  return ask(constraints);
};
"""

# Opens a session that sends no video, and returns its address.
OCCUPY = """async () => {
  const peer = window.occupant = new RTCPeerConnection();
  const opened = new Promise((resolve) => { peer.createDataChannel('eyeline').onopen = resolve; });
  peer.addTransceiver('video');
  await peer.setLocalDescription();
  while (peer.iceGatheringState !== 'complete') await new Promise((soon) => setTimeout(soon, 50));
  const answer = await fetch('/api/sessions', {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({type: 'offer', sdp: peer.localDescription.sdp}),
  });
  await peer.setRemoteDescription({type: 'answer', sdp: (await answer.json()).sdp});
  await opened;
  return answer.headers.get('Location');
}"""


def without_camera(error: str, kinds: str = "[]") -> str:
    """A script with which every request for a camera fails with this error."""
    return f"""
        navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{error}'); }};
        navigator.mediaDevices.enumerateDevices =
          async () => {kinds}.map((kind) => ({{kind, deviceId: kind, label: ''}}));
    """


def test_a_camera_that_cannot_be_had(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address, without_camera("NotFoundError", "['audioinput']"))
    page.get_by_role("button", name="Start camera").click()
    expect_notice(page, "No camera was found")
    expect(page.get_by_role("button", name="Start camera")).to_be_enabled()


def test_a_refused_camera(open_page: OpenPage, relay: RunningRelay) -> None:
    def forbid(route: Route) -> None:  # Chromium then answers as if the user had denied it
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "permissions-policy": "camera=()"})

    page = open_page("about:blank")
    page.route(f"{relay.address}/", forbid)
    page.goto(relay.address)
    page.get_by_label("Microphone", exact=True).select_option(
        "none"
    )  # requested with audio, the audio alone would be given
    page.get_by_role("button", name="Start camera").click()
    expect_notice(page, "The camera was refused")
    expect_showing(page, "nothing")


def test_a_microphone_that_cannot_be_had_costs_the_sound_only(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address, WITHOUT_MICROPHONE)
    start_call(page)
    expect_notice(page, "no sound is sent")
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_camera_that_is_pulled_out(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    start_call(page)
    page.evaluate("document.getElementById('original').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    expect_notice(page, "The camera was disconnected")
    expect_showing(page, "nothing")


def test_a_full_relay_is_asked_again(open_page: OpenPage) -> None:
    with RunningRelay("--port", "0", "--max-sessions", "1", "--idle-timeout", "3600", scripted=True) as relay:
        other = open_page(f"{relay.address}/logo.svg")
        place = other.evaluate(OCCUPY)
        page = open_page(relay.address)
        page.get_by_role("button", name="Start camera").click()
        expect_notice(page, "The relay is full")
        expect_showing(page, "original")
        assert moves(page, "original")
        assert page.request.delete(relay.address + place).status == 204
        expect_showing(page, "corrected")
        expect(page.get_by_role("alert")).to_be_hidden()


def test_an_offer_the_relay_refuses_is_repeated_only_when_one_asks_for_it(
    open_page: OpenPage, relay: RunningRelay
) -> None:
    page = open_page("about:blank")
    page.clock.install()
    page.goto(relay.address)
    problem = '{"status": 422, "code": "unsupported_codec", "title": "x", "detail": "no codec in common"}'
    offers: list[str] = []

    def refuse(route: Route) -> None:
        offers.append(route.request.method)
        route.fulfill(status=422, body=problem)

    page.route("**/api/sessions", refuse)
    page.get_by_role("button", name="Start camera").click()
    expect_notice(page, "share no video format")
    page.clock.fast_forward("01:00:00")
    assert len(offers) == 1
    page.get_by_role("button", name="Try again").click()
    wait_for(page, lambda: len(offers) == 2, "a second offer")


def test_an_unreachable_relay(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_role("button", name="Start camera").click()
    expect_notice(page, "The relay cannot be reached")
    expect_gaze(page, "Not corrected")
    assert moves(page, "original")
    page.unroute("**/api/**")
    page.get_by_role("button", name="Try now").click()
    expect_showing(page, "corrected")


def test_a_relay_that_is_killed_and_comes_back(open_page: OpenPage) -> None:
    with RunningRelay("--port", "0", scripted=True) as first:
        page = open_page(first.address)
        start_call(page)
        page.get_by_role("slider", name="Strength").fill("60")
        expect_relay_uses(page, strength=60)
        page.evaluate(WATCH)
        first.kill()
        expect_showing(page, "original")
        assert fallback_delay(page) < FALLBACK_WITHIN
        assert moves(page, "original")
        expect_notice(page, "relay")
        expect_gaze(page, "Not corrected")
    with RunningRelay("--port", str(first.port), scripted=True) as second:
        expect_showing(page, "corrected")
        expect_relay_uses(page, strength=60)
        expect(page.get_by_role("alert")).to_be_hidden()
        assert moves(page, "corrected")
        assert second.stop() == 0
    expect_showing(page, "original")
    assert "nothing" not in page.evaluate("window.shown.map(({showing}) => showing)")


def fallback_delay(page: Page) -> float:
    """Milliseconds from the relay's last message to the original video."""
    script = """(shown.findLast(({showing}) => showing === 'original')?.at ?? 0)
        - Math.max(...received.map(({at}) => at))"""
    return float(page.evaluate(script))


def test_an_insecure_address_is_explained(browser: Browser) -> None:
    page = browser.new_page()
    page.route("**", serve_folder)
    page.goto("http://eyeline.test/")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "secure address" in alert.inner_text()
    assert page.get_by_role("button", name="Start camera").is_disabled()
    page.close()
