"""A browser in a real Janus: in, seen, called otherwise, out, and in again after Janus was gone."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.running import ROOT
from tests.servers.janus import RunningJanus
from tests.web.folder import run
from tests.web.rooms import wait_for

# Two in a room, in one page: `one` publishes what is drawn, `two` looks. What each hears is noted.
MEET = """
const {Meeting} = await import('/room-meeting.js');
const make = (kind, wish) => Object.assign(document.createElementNS('http://www.w3.org/1999/xhtml', kind), wish);
const canvas = make('canvas', {width: 160, height: 120});
const pen = canvas.getContext('2d');
setInterval(() => { pen.fillStyle = `hsl(${Date.now() / 10 % 360} 80% 50%)`; pen.fillRect(0, 0, 160, 120); }, 40);
window.drawn = canvas.captureStream(25).getVideoTracks()[0];
window.meet = (name, wish) => {
  const one = {states: [], feeds: new Map(), over: new AbortController()};
  one.meeting = new Meeting({
    pin: '', servers: async () => [], call: () => name, ours: () => false, ...wish});
  one.meeting.addEventListener('state', ({detail: {phase, error}}) => {
    one.states.push([phase, error?.code ?? ''].join(' ').trim());
  });
  one.meeting.addEventListener('feed', ({detail}) => {
    one.feeds.set(detail.id, detail);
    detail.video = make('video', {srcObject: detail.stream, muted: true, autoplay: true});
    detail.addEventListener('end', () => one.feeds.delete(detail.id));
  });
  if (wish.sends) one.meeting.publish({video: window.drawn, audio: null});
  one.run = one.meeting.run(one.over.signal);
  return window[name] = one;
};
"""
ROOMS: dict[int | str, dict[str, str | int]] = {1234: {}, 5: {"pin": "4711"}, 6: {"publishers": 1}}


@pytest.fixture(scope="module")
def janus() -> Iterator[RunningJanus]:
    with RunningJanus(ROOMS) as janus:
        yield janus


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page of this machine itself: one from elsewhere may not call a server here."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(ROOT / "web"))) as server:
        threading.Thread(target=server.serve_forever).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/logo.svg")
        yield page
        page.close()
        server.shutdown()


@pytest.fixture
def room(page: Page, janus: RunningJanus) -> Iterator[Page]:
    """A page in which people can meet; whoever did is out afterwards."""
    run(page, MEET)
    page.evaluate("(janus) => { window.janus = janus; }", janus.address)
    yield page
    run(page, "for (const name of ['one', 'two', 'three']) if (window[name]) window[name].over.abort();")


def meet(page: Page, name: str, *, janus: str = "", sends: bool = False, **wish: Any) -> None:
    wish = {"room": 1234, **wish, "sends": sends}
    script = "([name, janus, wish]) => { meet(name, {janus: janus || window.janus, ...wish}); }"
    page.evaluate(script, [name, janus, wish])


def states(page: Page, name: str) -> list[str]:
    return list(page.evaluate(f"window.{name}.states"))


def names(page: Page, name: str) -> list[str]:
    """Whom this one sees."""
    return list(page.evaluate(f"[...window.{name}.feeds.values()].map(({{display}}) => display).sort()"))


def moves(page: Page, name: str) -> bool:
    """Whether everybody whom this one sees moves."""
    pictures = f"[...window.{name}.feeds.values()].map(({{video}}) => video.currentTime)"
    before = page.evaluate(pictures)
    page.wait_for_timeout(300)
    after = page.evaluate(pictures)
    return len(after) == len(before) > 0 and all(late > early for early, late in zip(before, after, strict=True))


def test_one_is_seen_by_the_others_under_a_name_that_can_change(room: Page) -> None:
    meet(room, "one", sends=True)
    meet(room, "two")
    wait_for(lambda: names(room, "two") == ["one"] and moves(room, "two"), "two sees one")
    assert names(room, "one") == [], "who sends nothing is no picture"
    room.evaluate("one.meeting.rename('one (eye contact)')")
    wait_for(lambda: names(room, "two") == ["one (eye contact)"], "the new name")
    meet(room, "three")
    wait_for(lambda: names(room, "three") == ["one (eye contact)"], "the new name, for who comes later")


def test_who_stops_sending_or_leaves_is_gone_and_may_come_back(room: Page) -> None:
    meet(room, "one", sends=True)
    meet(room, "two", sends=True)
    wait_for(lambda: names(room, "two") == ["one"] and moves(room, "two"), "two sees one")
    room.evaluate("one.meeting.publish(null)")
    wait_for(lambda: names(room, "two") == [], "one has stopped")
    room.evaluate("one.meeting.publish({video: drawn, audio: null})")
    wait_for(lambda: names(room, "two") == ["one"] and moves(room, "two"), "two sees one again")
    assert states(room, "one") == ["connecting", "joined"], "that was one stay"
    room.evaluate("one.over.abort()")
    wait_for(lambda: names(room, "two") == [], "one has left")


def test_a_stream_that_breaks_is_fetched_again(room: Page) -> None:
    meet(room, "one", sends=True)
    meet(room, "two")
    wait_for(lambda: names(room, "two") == ["one"] and moves(room, "two"), "two sees one")
    room.evaluate("window.first = [...two.feeds.values()][0]; first.close()")
    wait_for(lambda: names(room, "two") == ["one"] and moves(room, "two"), "two sees one again")
    assert room.evaluate("[...two.feeds.values()][0] !== first")
    assert states(room, "two") == ["connecting", "joined"]


def test_everybody_is_back_when_janus_is(room: Page, janus: RunningJanus) -> None:
    meet(room, "one", sends=True)
    meet(room, "two", sends=True)
    wait_for(lambda: moves(room, "one") and moves(room, "two"), "both see each other")
    janus.kill()
    wait_for(lambda: names(room, "one") == names(room, "two") == [], "nobody is seen any more")
    assert "waiting janus_gone" in states(room, "one")
    janus.start()
    wait_for(lambda: moves(room, "one") and moves(room, "two"), "both see each other again")
    assert names(room, "one") == ["two"]
    assert names(room, "two") == ["one"]


@pytest.mark.parametrize(
    ("wish", "end"),
    [
        ({"room": 99}, "refused unknown_room"),
        ({"room": 5}, "refused wrong_pin"),
        ({"room": 5, "pin": "1"}, "refused wrong_pin"),
        ({"room": 5, "pin": "4711"}, "joined"),
        ({"janus": "nowhere:"}, "refused janus_address"),
        ({"janus": "ws://127.0.0.1:9"}, "waiting janus_gone"),
    ],
)
def test_what_janus_answers_is_told(room: Page, wish: dict[str, Any], end: str) -> None:
    meet(room, "one", **wish)
    wait_for(lambda: end in states(room, "one"), end)


def test_a_full_room_is_asked_again(room: Page) -> None:
    meet(room, "one", room=6, sends=True)
    wait_for(lambda: "joined" in states(room, "one"), "one is in")
    meet(room, "two", room=6, sends=True)
    wait_for(lambda: "waiting room_full" in states(room, "two"), "two is not")
    room.evaluate("one.over.abort()")
    wait_for(lambda: "joined" in states(room, "two"), "two is in")


def test_a_room_may_be_named_by_a_word(room: Page) -> None:
    with RunningJanus({"tea": {}, "7": {}}, string_ids=True) as janus:
        meet(room, "one", janus=janus.address, room="tea", sends=True)
        meet(room, "two", janus=janus.address, room="tea")
        wait_for(lambda: moves(room, "two"), "two sees one")
        meet(room, "three", janus=janus.address, room=7)  # digits, but a word to this Janus
        wait_for(lambda: "joined" in states(room, "three"), "three is in")
        room.evaluate("for (const each of [one, two, three]) each.over.abort()")


def test_a_silent_session_is_kept_alive(room: Page) -> None:
    asked = """
        const {Session} = await import('/janus.js');
        const sent = [];
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (text) { sent.push(JSON.parse(text).janus); send.call(this, text); };
        const [repeat, waits] = [window.setInterval, []];
        window.setInterval = (act, wait) => { waits.push(wait); return repeat(act, 50); };
        const session = await Session.open(window.janus, new AbortController().signal);
        await new Promise((soon) => setTimeout(soon, 300));
        window.setInterval = repeat;
        WebSocket.prototype.send = send;
        const ended = session.signal.aborted;
        session.close();
        return {sent, wait: waits[0], ended};
    """
    answer = run(room, asked)
    assert answer["sent"].count("keepalive") >= 2
    assert answer["wait"] < 60_000, "Janus forgets a session after 60 s"
    assert not answer["ended"]
