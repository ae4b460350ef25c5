"""The calibration dialog in a call, with the relay's answers; calibration.test.js tests all its steps."""

from playwright.sync_api import Page, expect

from tests.web.driving import TIMEOUT_MS, expect_relay_uses, wait_until

ANSWERED = "received.some(({type, state}) => type === 'calibration' && ['looked', 'rejected'].includes(state))"
LAST_LOOK = "sent.findLast(({type}) => type === 'calibrate')?.look"


def test_the_relay_judges_a_look_that_the_keyboard_gave_and_escape_calls_it_off(live: Page) -> None:
    live.evaluate("window.received = []; window.sent = []")
    live.get_by_role("button", name="Calibrate with two looks").click()
    dialog = live.get_by_role("dialog")
    expect(dialog).to_contain_text("Look 1 of 2")
    expect(dialog.get_by_role("button", name="I am looking at the lens")).to_be_focused()
    live.keyboard.press("Space")
    wait_until(live, f"{LAST_LOOK} === 'lens'")
    wait_until(live, ANSWERED)
    expect(dialog).not_to_have_attribute("data-state", "measuring")
    live.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    wait_until(live, f"{LAST_LOOK} === 'cancel'")  # a dialog is hidden before its close event


def test_the_direction_that_two_looks_gave_is_in_force_and_remembered(live: Page) -> None:
    live.evaluate("window.holdCalibration = true")  # the relay receives no look: its answers are injected
    live.get_by_role("button", name="Calibrate with two looks").click()
    dialog = live.get_by_role("dialog")
    for look, button in (("lens", "I am looking at the lens"), ("face", "I am looking at their face")):
        dialog.get_by_role("button", name=button).click()
        live.evaluate("(look) => window.inject({type: 'calibration', state: 'looked', look})", look)
    live.evaluate("window.inject({type: 'calibration', state: 'done', pitch: 9.1, yaw: -0.4})")
    live.evaluate(
        "window.inject({type: 'settings', enabled: true, mode: 'natural', strength: 100, pitch: 9.1, yaw: -0.4})"
    )
    expect(dialog).to_contain_text("9.1° up, 0.4° right", timeout=TIMEOUT_MS)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    expect(live.locator("output[for=pitch]")).to_have_text("9.1° up")
    assert live.evaluate("JSON.parse(localStorage.getItem('eyeline.settings')).pitch") == 9.1
    live.get_by_role("button", name="Reset").click()
    expect_relay_uses(live, pitch=8, yaw=0)
