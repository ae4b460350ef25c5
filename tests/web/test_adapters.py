"""The adapters with third-party clients, where these are available, and the examples as they are.

The adapters' other behaviour is tested in adapters.test.js.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.clips import Clip
from tests.deadlines import milliseconds
from tests.running import ROOT, RunningRelay
from tests.web.driving import wait_until
from tests.web.embedding import Site, embed, expect_state, expect_turned, expect_untouched, serving, token
from tests.web.vendor import livekit

WEB = Path(ROOT, "web")
SHOW = "window.show = (track) => { document.getElementById('corrected').srcObject = new MediaStream([track]); };"

# What JitsiLocalTrack.setEffect does with an effect: checks it, passes its stream and sends the returned one.
JITSI = """
window.JitsiMeetJS = {
  init() {},
  createLocalTracks: async () => [{
    stream: await navigator.mediaDevices.getUserMedia({video: {width: 320, height: 240}}),
    isVideoTrack: () => true,
    videoType: 'camera',
    async setEffect(effect) {
      if (effect && !effect.isEnabled(this)) throw new Error('Incompatible effect instance!');
      this.effect?.stopEffect();
      this.effect = effect;
      this.sent = effect ? effect.startEffect(this.stream) : this.stream;
    },
    attach(video) { video.srcObject = this.sent; },
  }],
};
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A site on another origin, which also serves the library and the examples."""
    with serving() as site:
        site.files |= {f"/{path.relative_to(WEB)}": path for path in WEB.rglob("*") if path.suffix in {".js", ".css"}}
        site.files |= {f"/examples/{path.name}": path for path in (WEB / "examples").glob("*.html")}
        yield site


@pytest.fixture(scope="module")
def relay(site: Site) -> Iterator[RunningRelay]:
    """A relay that requires tokens and allows the site."""
    with RunningRelay("--port", "0", *site.flags, scripted=True) as relay:
        yield relay


@pytest.fixture
def page(browser: Browser, site: Site, relay: RunningRelay) -> Iterator[Page]:
    page = embed(browser, site, script=SHOW)
    page.evaluate("([relay, token]) => { window.options = {relay, token}; }", [relay.address, token()])
    yield page
    page.close()


def test_livekits_own_client_publishes_corrected_frames_and_raw_ones_again(
    page: Page, site: Site, camera: Clip
) -> None:
    site.files["/livekit-client.mjs"] = livekit()
    page.evaluate(
        """async () => {
          const {createLocalVideoTrack} = await import('/livekit-client.mjs');
          const {eyelineProcessor} = await import(options.relay + '/adapters/livekit.js');
          window.local = await createLocalVideoTrack({resolution: {width: 320, height: 240}});
          window.processor = eyelineProcessor(options);
          await local.setProcessor(processor);
          window.corrected = processor.corrected;
          show(local.mediaStreamTrack);
        }"""
    )
    assert page.evaluate("local.mediaStreamTrack === processor.processedTrack && local.getProcessor() === processor")
    page.evaluate("window.states = []")
    expect_state(page, "corrected")
    expect_turned(page, camera, 1)
    page.evaluate("local.restartTrack().then(() => show(local.mediaStreamTrack))")
    expect_state(page, "corrected")
    page.evaluate("local.stopProcessor().then(() => show(local.mediaStreamTrack))")
    assert page.evaluate("[corrected.state, processor.processedTrack ?? null]") == ["stopped", None]
    expect_untouched(page, camera)


def test_any_sender_sends_corrected_frames_and_raw_ones_again(page: Page, camera: Clip) -> None:
    page.evaluate(
        """async () => {
          const {correctSender} = await import(options.relay + '/adapters/sender.js');
          const [here, there] = [new RTCPeerConnection(), new RTCPeerConnection()];
          window.sender = here.addTrack(window.raw = await camera());
          here.onicecandidate = ({candidate}) => there.addIceCandidate(candidate);
          there.onicecandidate = ({candidate}) => here.addIceCandidate(candidate);
          there.ontrack = ({track}) => show(track);
          await here.setLocalDescription();
          await there.setRemoteDescription(here.localDescription);
          await there.setLocalDescription();
          await here.setRemoteDescription(there.localDescription);
          window.corrected = await correctSender(sender, options);
          window.states = [];
          window.there = there;
        }"""
    )
    assert page.evaluate("sender.track === corrected.track")
    expect_state(page, "corrected")
    expect_turned(page, camera, 1)
    page.evaluate("corrected.stop()")
    wait_until(page, "sender.track === raw")
    expect_untouched(page, camera)


def test_jitsi_calls_it_as_an_effect(page: Page, camera: Clip) -> None:
    page.evaluate(JITSI)
    page.evaluate(
        """async () => {
          const {eyelineEffect} = await import(options.relay + '/adapters/jitsi.js');
          const effect = eyelineEffect(options);
          [window.local] = await JitsiMeetJS.createLocalTracks();
          await local.setEffect(effect);
          [window.corrected, window.states] = [effect.corrected, []];
          show(local.sent.getVideoTracks()[0]);
        }"""
    )
    expect_state(page, "corrected")
    expect_turned(page, camera, 1)
    page.evaluate("local.setEffect(undefined)")
    assert page.evaluate("[corrected.state, local.stream.active]") == ["stopped", True]


@pytest.mark.parametrize("name", ["peer", "livekit", "jitsi", "whip"])
def test_each_example_runs_as_far_as_it_can_without_somebody_elses_server(
    browser: Browser, site: Site, relay: RunningRelay, name: str
) -> None:
    site.files["/livekit-client.mjs"] = livekit()
    page = embed(browser, site, script=JITSI if name == "jitsi" else "")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/examples/livekit.js", find_livekit)
    # The library beside the examples looks for a relay on the site itself; there is none.
    page.route(f"{site.origin}/api/**", lambda route: route.fulfill(status=404, body="{}"))
    endpoint = f"?endpoint={relay.address}/whip&token={token()}" if name == "whip" else ""
    page.goto(f"{site.origin}/examples/{name}.html{endpoint}")
    page.get_by_role("button", name="Join").click()
    status = "connected" if name == "whip" else "raw"
    expect(page.get_by_role("status")).to_contain_text(status, timeout=milliseconds(30))
    wait_until(page, "document.getElementById('picture').videoWidth > 0")
    assert complaints == []
    page.close()


def find_livekit(route: Route) -> None:
    """The example, with its import resolved as a bundler or an import map does."""
    text = (WEB / "examples" / "livekit.js").read_text()
    route.fulfill(body=text.replace("'livekit-client'", "'/livekit-client.mjs'"), content_type="text/javascript")
