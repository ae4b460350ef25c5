"""The page's pure modules, run in the browser they are written for. No relay: files come from the folder."""

import pytest
from playwright.sync_api import Browser, Page

from tests.web.folder import run, serve_folder

SETTINGS = "const {Settings, accept} = await import('/settings.js');"
STORAGE = "const kept = {}; const storage = {getItem: (k) => kept[k] ?? null, setItem: (k, v) => { kept[k] = v; }};"


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


def test_the_load_is_what_has_grown_since_the_last_reading(page: Page) -> None:
    script = """const {Gauge} = await import('/gauge.js');
        const at = (timestamp, sent, frames, shown) => new Map(Object.entries({
          T: {type: 'transport', timestamp, bytesSent: sent, bytesReceived: 2 * sent},
          P: {type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.02},
          Q: {type: 'candidate-pair', nominated: false, currentRoundTripTime: 9},
          O: {type: 'outbound-rtp', kind: 'video', totalEncodeTime: frames * 0.005, framesEncoded: frames},
          A: {type: 'outbound-rtp', kind: 'audio', totalEncodeTime: 9},
          I: {type: 'inbound-rtp', kind: 'video', totalProcessingDelay: shown * 0.03, framesDecoded: shown},
        }));
        const readings = [at(1000, 0, 0, 0), at(2000, 125000, 30, 30), at(3000, 250000, 60, 30)];
        const gauge = new Gauge({getStats: async () => readings.shift()});
        return [await gauge.read(), await gauge.read(), await gauge.read()];"""
    first, second, third = run(page, script)
    assert first is None
    assert second == {"up": 1, "down": 2, "way": pytest.approx(5 + 20 + 30)}
    assert third == {"up": 1, "down": 2, "way": None}


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
