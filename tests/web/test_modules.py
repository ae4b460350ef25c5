"""The page's pure modules, run in the browser they are written for. No relay: files come from the folder."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.web.folder import run, serve_folder

SETTINGS = "const {Settings, accept} = await import('/settings.js');"
STORAGE = "const kept = {}; const storage = {getItem: (k) => kept[k] ?? null, setItem: (k, v) => { kept[k] = v; }};"


@pytest.mark.parametrize(
    ("candidate", "accepted"),
    [
        ('{"strength": 40, "mode": "teleprompter"}', {"strength": 40, "mode": "teleprompter"}),
        ('{"strength": 101, "pitch": -25, "yaw": 25.1}', {"pitch": -25}),
        ('{"strength": "40", "enabled": 1, "mode": "else", "split": null}', {}),
        ('{"unknown": 1, "toString": 2, "__proto__": {"mirror": false}}', {}),
        ('{"where": "here", "lines": false}', {"where": "here", "lines": False}),
        ('{"where": "elsewhere", "lines": 0}', {}),
        ("null", {}),
        ('"text"', {}),
    ],
)
def test_settings_take_only_what_is_right(page: Page, candidate: str, accepted: dict[str, Any]) -> None:
    assert run(page, f"{SETTINGS} return accept(JSON.parse(`{candidate}`));") == accepted


@pytest.mark.parametrize("rubbish", ["{", "null", "[1]", '{"pitch": 1e9}', '"x"'])
def test_settings_survive_any_storage(page: Page, rubbish: str) -> None:
    script = f"{SETTINGS} {STORAGE} kept['eyeline.settings'] = `{rubbish}`; return new Settings(storage).correction;"
    assert run(page, script) == {"enabled": True, "mode": "natural", "strength": 100, "pitch": 8, "yaw": 0}


def test_settings_keep_what_the_person_chose_and_follow_the_relay_in_the_rest(page: Page) -> None:
    script = f"""{SETTINGS} {STORAGE}
        new Settings(storage).change({{strength: 40}});
        const settings = new Settings(storage);
        settings.adoptDefaults({{strength: 70, pitch: 5, mode: 'nonsense'}});
        const before = settings.correction;
        settings.change({{pitch: 9}});
        settings.reset('pitch');
        return [before, settings.correction.pitch, JSON.parse(kept['eyeline.settings'])];"""
    before, pitch, stored = run(page, script)
    assert before == {"enabled": True, "mode": "natural", "strength": 40, "pitch": 5, "yaw": 0}
    assert pitch == 5
    assert stored == {"strength": 40}


def test_settings_work_where_storing_is_forbidden(page: Page) -> None:
    script = f"""{SETTINGS}
        const fail = () => {{ throw new DOMException('no', 'SecurityError'); }};
        const settings = new Settings({{getItem: fail, setItem: fail}});
        settings.change({{yaw: 3}});
        return settings.all.yaw;"""
    assert run(page, script) == 3


def test_backoff_doubles_to_a_limit_and_is_spread(page: Page) -> None:
    script = """const {delayBefore} = await import('/backoff.js');
        const attempts = [0, 1, 2, 3, 4, 9, 5000];
        return attempts.map((attempt) => [0, 0.5, 1].map((chance) => delayBefore(attempt, () => chance)));"""
    least, middle, most = zip(*run(page, script), strict=True)
    assert middle == (400, 800, 1600, 3000, 3000, 3000, 3000)
    assert [round(x / m, 6) for x, m in zip(least, middle, strict=True)] == [0.8] * 7
    assert [round(x / m, 6) for x, m in zip(most, middle, strict=True)] == [1.2] * 7


def test_a_pause_can_be_cut_short_and_called_off(page: Page) -> None:
    script = """const {pause} = await import('/backoff.js');
        const never = 2 ** 31 - 1, wake = new EventTarget(), over = new AbortController();
        const woken = pause(never, over.signal, wake).then(() => 'woken');
        wake.dispatchEvent(new Event('wake'));
        const called = pause(never, over.signal, wake).catch((error) => error.name);
        over.abort();
        const late = pause(0, over.signal, wake).catch((error) => error.name);
        return Promise.all([woken, called, late]);"""
    assert run(page, script) == ["woken", "AbortError", "AbortError"]


def test_a_pulse_counts_ticks_and_recovers(page: Page) -> None:
    script = """const {Pulse} = await import('/pulse.js');
        const pulse = new Pulse(2, 4);
        const found = [];
        for (const beats of [1, 1, 0, 0, 1, 0, 0, 0, 0, 0]) {
          if (beats) pulse.beat();
          found.push(pulse.tick());
        }
        return found;"""
    steady, quiet, lost = "steady", "quiet", "lost"
    assert run(page, script) == [steady, steady, steady, quiet, steady, steady, quiet, quiet, lost, lost]


@pytest.mark.parametrize(
    ("earlier", "later", "finding"),
    [
        ("undefined", "{corrected: 0, passed: {}}", {"altered": False, "share": 0, "reason": ""}),
        (
            "{corrected: 10, passed: {warming_up: 9}}",
            "{corrected: 40, passed: {warming_up: 9}}",
            {"altered": True, "share": 1, "reason": ""},
        ),
        (
            "{corrected: 10, passed: {off: 50}}",
            "{corrected: 15, passed: {off: 50, eyes_closed: 5, no_face: 10}}",
            {"altered": True, "share": 0.25, "reason": "no_face"},
        ),
        (
            "{corrected: 10, passed: {}}",
            "{corrected: 10, passed: {turned_away: 30}}",
            {"altered": False, "share": 0, "reason": "turned_away"},
        ),
    ],
)
def test_gaze_is_judged_by_what_happened_since(page: Page, earlier: str, later: str, finding: dict[str, Any]) -> None:
    assert run(page, f"const {{judge}} = await import('/gaze.js'); return judge({earlier}, {later});") == finding


TOLD = """const told = (corrected, passed) => ({
        width: 640, height: 360, fps_in: 30, fps_out: 30, faces: 1, pipeline: 'pipelined', delay_ms: null,
        frames: {in: 0, out: 0, dropped: 0, corrected, passed},
        stages_ms: {landmarks: {p50: 15, p95: 18}, field: {p50: 3, p95: 4}},
        age_frames: {landmarks: {p50: 0, p95: 0}},
    });
    const own = (corrected, passed) => ({
        width: 1280, height: 720, fps_in: 29, fps_out: 28, delay_ms: {p50: 5, p95: 9},
        frames: {in: 9, out: 8, dropped: 1, corrected, passed},
        stages_ms: {warp: {p50: 2, p95: 3}}, age_frames: {landmarks: {p50: 2, p95: 3}, field: {p50: 3, p95: 4}},
    });
    const {Account} = await import('/account.js');
    const account = new Account();"""


def test_the_account_is_of_whoever_warps(page: Page) -> None:
    assert run(page, f"{TOLD} const t = told(5, {{}}); return account.add(t).stats === t;")
    stats = run(page, f"{TOLD} return account.add(told(5, {{}}), own(3, {{late: 4}})).stats;")
    assert (stats["width"], stats["fps_out"], stats["delay_ms"]["p50"], stats["faces"]) == (1280, 28, 5, 1)
    assert middles(stats["stages_ms"]) == {"landmarks": 15, "field": 3, "warp": 2}
    assert middles(stats["age_frames"]) == {"landmarks": 2, "field": 3}
    assert stats["frames"] == {"in": 9, "out": 8, "dropped": 1, "corrected": 3, "passed": {"late_here": 4}}


def middles(spreads: dict[str, dict[str, float]]) -> dict[str, float]:
    return {name: spread["p50"] for name, spread in spreads.items()}


@pytest.mark.parametrize(
    ("told", "own", "reason"),
    [
        ("told(0, {off: 30})", "own(0, {no_face: 30})", "off"),
        ("told(0, {turned_away: 30})", "own(0, {held_back: 30})", "turned_away"),
        ("told(30, {})", "own(0, {no_face: 30})", "no_face"),
        ("told(30, {})", "own(0, {late: 30})", "late_here"),
        ("told(0, {off: 30})", "own(0, {eyes_closed: 30})", "eyes_closed"),
    ],
)
def test_why_a_browser_leaves_pictures_as_they_are_the_relay_may_know_better(
    page: Page, told: str, own: str, reason: str
) -> None:
    script = f"{TOLD} account.add(told(0, {{}}), own(0, {{}})); return account.add({told}, {own}).finding;"
    assert run(page, script) == {"altered": False, "share": 0, "reason": reason}


def test_a_browser_that_warps_says_nothing_of_now_from_what_was_before(page: Page) -> None:
    script = f"""{TOLD}
        const first = account.add(told(0, {{}}), own(900, {{}})).finding.altered;
        const second = account.add(told(0, {{}}), own(930, {{}})).finding.altered;
        account.forget();
        return [first, second, account.add(told(0, {{}}), own(930, {{no_face: 30}})).finding.altered];"""
    assert run(page, script) == [False, True, False]


def test_warping_here_ends_with_the_wish_and_says_when_it_ends_by_itself(page: Page) -> None:
    script = """const {Here} = await import('/here.js');
        const camera = document.createElementNS('http://www.w3.org/1999/xhtml', 'canvas'); // the page is an SVG
        camera.getContext('2d');
        let failures = 0;
        const here = new Here(() => { failures += 1; });
        const [track] = camera.captureStream().getVideoTracks();
        here.begin(track);
        const first = here.local;
        first.dispatchEvent(new Event('failed'));
        here.begin(track);
        const second = here.local;
        here.end();
        return [failures, first.track.readyState, second.track.readyState, here.local, track.readyState];"""
    assert run(page, script) == [1, "ended", "ended", None, "live"]


@pytest.mark.parametrize(
    ("facts", "altered", "reason"),
    [
        ({}, True, ""),
        ({"phase": "connecting"}, False, "connecting"),
        ({"phase": "waiting"}, False, "reconnecting"),
        ({"held": True}, False, "held"),
        ({"showing": "original"}, False, "waiting"),
        ({"correction": {"enabled": False}}, False, "off"),
        ({"correction": {"strength": 0}}, False, "strength"),
        ({"correction": {"pitch": 0}}, False, "offset"),
        ({"correction": {"pitch": 0, "mode": "teleprompter"}}, True, ""),
        ({"finding": {"altered": False, "share": 0, "reason": "no_face"}}, False, "no face"),
        ({"finding": {"altered": True, "share": 0.2, "reason": "eyes_closed"}}, True, "eyes closed"),
    ],
)
def test_the_indicator_says_what_happens_and_why(page: Page, facts: dict[str, Any], altered: bool, reason: str) -> None:
    correction = {"enabled": True, "mode": "natural", "strength": 100, "pitch": 8, "yaw": 0}
    usual = {"phase": "live", "showing": "corrected", "held": False}
    usual |= {"finding": {"altered": True, "share": 1, "reason": ""}}
    given = usual | facts | {"correction": correction | facts.get("correction", {})}
    script = "async (facts) => (await import('/indicator.js')).describe(facts)"
    message = page.evaluate(script, given)
    assert message["altered"] is altered
    assert message["reason"] == "" if not reason else reason in message["reason"]


def test_left_and_right_are_named_as_seen(page: Page) -> None:
    script = """const {namePitch, nameYaw} = await import('/words.js');
        const yaws = [nameYaw(3, false), nameYaw(3, true), nameYaw(-0.4, true), nameYaw(0.01, true)];
        return [...yaws, namePitch(-2), namePitch(8)];"""
    assert run(page, script) == ["3.0° right", "3.0° left", "0.4° right", "0°", "2.0° down", "8.0° up"]


@pytest.mark.parametrize("code", ["no_face", "blinked", "moved", "too_far", "wrong_order"])
def test_each_reason_for_a_rejection_has_words_of_its_own(page: Page, code: str) -> None:
    words = run(page, f"return (await import('/words.js')).explainRejection('{code}', 'the relay says');")
    assert words != "the relay says"
    assert words.endswith(".")


def test_settings_go_out_one_at_a_time_and_the_newest_wins(page: Page) -> None:
    script = f"""{SETTINGS} {STORAGE}
        const {{CorrectionLine}} = await import('/correction.js');
        const settings = new Settings(storage), sent = [];
        const line = new CorrectionLine(settings);
        line.connect(({{strength}}) => sent.push(strength));
        for (const strength of [90, 80, 70, 60]) settings.change({{strength}});
        line.hear({{type: 'settings', ...settings.correction, strength: 100}});
        line.hear({{type: 'settings', ...settings.correction}});
        line.hear({{type: 'settings', ...settings.correction, strength: 55}});
        settings.change({{strength: 50}});
        return [sent, settings.all.strength];"""
    assert run(page, script) == [[100, 60, 50], 50]


def test_an_insecure_address_is_explained(browser: Browser) -> None:
    page = browser.new_page()
    page.route("**", serve_folder)
    page.goto("http://eyeline.test/")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "secure address" in alert.inner_text()
    assert page.get_by_role("button", name="Start camera").is_disabled()
    page.close()


SWITCH = "const {Switch, Timeline, Received} = await import('/switch.js');"


def test_raw_pictures_go_on_until_the_first_corrected_one_and_again_after_silence(page: Page) -> None:
    script = f"""{SWITCH}
        const one = new Switch(), shown = [];
        let time = 0;
        const raw = (count) => {{ for (let i = 0; i < count; i++) shown.push(one.raw(time += 33_333)); }};
        const seen = () => shown.splice(0).filter(Boolean).length;
        raw(3);
        const before = [seen(), one.corrected()];
        one.offer();
        raw(2);
        const offered = [seen(), one.corrected()];
        raw(17);
        const quiet = seen();
        raw(10);
        const silent = [seen(), one.showing];
        const back = [one.corrected(), one.showing];
        one.withdraw();
        raw(1);
        return [before, offered, quiet, silent, back, [seen(), one.corrected()]];"""
    before, offered, quiet, silent, back, withdrawn = run(page, script)
    assert before == [3, False]
    assert offered == [2, True]
    assert quiet == 0, "a short silence is no reason"
    assert silent == [9, "raw"]
    assert back == [True, "corrected"]
    assert withdrawn == [1, False]


def test_time_runs_on_through_sources_that_count_from_elsewhere(page: Page) -> None:
    script = f"""{SWITCH}
        const line = new Timeline();
        const [camera, relay, other] = ['camera', 'relay', 'other'];
        return [
          line.place(camera, 5_000_000, 1_000_000, true), line.place(camera, 5_033_000, 1_033_000, true),
          line.place(relay, 70, 1_073_000, false), line.place(relay, 33_070, 1_100_000, false),
          line.place(relay, 20_070, 1_101_000, false), line.place(camera, 5_200_000, 1_200_000, true),
          line.place(other, 1_000, 1_240_000, true), line.place(other, 34_000, 1_280_000, true),
        ];"""
    assert run(page, script) == [
        5_000_000, 5_033_000, 5_073_000, 5_106_000, 5_107_000, 5_200_000, 5_240_000, 5_273_000
    ]  # fmt: skip


def test_received_pictures_are_timed_by_their_packets_across_a_wrap(page: Page) -> None:
    script = f"""{SWITCH}
        const received = new Received();
        const times = [4294966396, 4294967196, 800].map((rtp) => received.time(rtp, 1));
        return [...times, new Received().time(undefined, 9)];"""
    assert run(page, script) == pytest.approx([0, 8888.9, 18888.9, 9], abs=1)


TONES = """const {Sound} = await import('/sound.js');
    const context = new AudioContext();
    const tone = (frequency) => {
      const [one, out] = [new OscillatorNode(context, {frequency}), context.createMediaStreamDestination()];
      one.connect(out);
      one.start();
      return out.stream.getAudioTracks()[0];
    };
    const sound = new Sound();
    const analyser = new AnalyserNode(context, {fftSize: 2048, smoothingTimeConstant: 0});
    context.createMediaStreamSource(new MediaStream([sound.track])).connect(analyser);
    const bins = new Float32Array(analyser.frequencyBinCount);
    const level = (frequency) => bins[Math.round(frequency * analyser.fftSize / context.sampleRate)];
    const heard = async (wanted) => {
      for (let tries = 0; tries < 200; tries++) {
        await new Promise((soon) => setTimeout(soon, 50));
        analyser.getFloatFrequencyData(bins);
        const found = [500, 2000].filter((frequency) => level(frequency) > -60).join();
        if (found === wanted) return true;
      }
      return false;
    };"""


def test_the_microphone_is_heard_whenever_the_relay_is_not(page: Page) -> None:
    script = f"""{TONES}
        sound.replaceMicrophone(tone(500));
        const results = [await heard('500')];
        const returned = tone(2000);
        sound.follow(returned);
        results.push(await heard('500'));
        sound.accompany(true);
        results.push(await heard('2000'));
        sound.accompany(false);
        results.push(await heard('500'));
        sound.accompany(true);
        results.push(await heard('2000'));
        sound.follow(undefined);
        results.push(await heard('500'));
        sound.replaceMicrophone(null);
        results.push(await heard(''));
        sound.stop();
        return [results, sound.track.readyState];"""
    results, state = run(page, script)
    assert results == [True] * 7
    assert state == "ended"
