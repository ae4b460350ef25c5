"""The calibration dialog. The relay's verdicts are spoken for it where they have to be certain."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.driving import PATIENCE, expect_relay_uses, wait_until


def state(page: Page, **message: object) -> None:
    page.evaluate("(message) => window.pretend(message)", {"type": "calibration", **message})


@pytest.fixture
def dialog(live: Page) -> Locator:
    """The dialog, open at its first look, on a page whose relay hears no calibration."""
    live.evaluate("window.deaf = true; window.said = []")
    live.get_by_role("button", name="Calibrate with two looks").click()
    dialog = live.get_by_role("dialog")
    expect(dialog).to_contain_text("Look 1 of 2")
    return dialog


def press(dialog: Locator, name: str) -> None:
    dialog.get_by_role("button", name=name).click()


def said(page: Page) -> list[str]:
    words: list[str] = page.evaluate("window.said.filter(({type}) => type === 'calibrate').map(({look}) => look)")
    return words


def test_two_looks_lead_to_a_direction(live: Page, dialog: Locator) -> None:
    expect(dialog.get_by_role("button", name="I am looking at the lens")).to_be_focused()
    live.keyboard.press("Space")
    state(live, state="looking", look="lens")
    expect(dialog).to_contain_text("Keep looking")
    state(live, state="looked", look="lens")
    expect(dialog).to_contain_text("Look at the other person")
    press(dialog, "I am looking at their face")
    state(live, state="looking", look="face")
    state(live, state="done", pitch=9.1, yaw=-0.4)
    live.evaluate(
        "window.pretend({type: 'settings', enabled: true, mode: 'natural', strength: 100, pitch: 9.1, yaw: -0.4})"
    )
    expect(dialog).to_contain_text("9.1° up, 0.4° right")
    press(dialog, "Close")
    expect(dialog).to_be_hidden()
    expect(live.locator("output[for=pitch]")).to_have_text("9.1° up")
    assert said(live) == ["lens", "face"]
    live.get_by_role("button", name="Reset").click()
    expect_relay_uses(live, pitch=8, yaw=0)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("blinked", "You blinked"),
        ("of_tomorrow", "the relay's own sentence"),
    ],
)
def test_a_rejected_look_says_why_and_can_be_repeated(live: Page, dialog: Locator, code: str, reason: str) -> None:
    press(dialog, "I am looking at the lens")
    state(live, state="looked", look="lens")
    press(dialog, "I am looking at their face")
    state(live, state="rejected", look="face", code=code, message="the relay's own sentence")
    expect(dialog).to_contain_text(reason)
    expect(dialog).to_contain_text("Look 2 of 2")
    press(dialog, "Try again")
    assert said(live) == ["lens", "face", "face"]
    press(dialog, "Cancel")
    wait_until(live, "window.said.at(-1).look === 'cancel'")


def test_a_wrong_order_begins_again(live: Page, dialog: Locator) -> None:
    press(dialog, "I am looking at the lens")
    state(live, state="looked", look="lens")
    state(live, state="rejected", look="face", code="wrong_order", message="")
    expect(dialog).to_contain_text("Look 1 of 2")
    live.keyboard.press("Escape")
    wait_until(live, "window.said.at(-1).look === 'cancel'")
    expect(dialog).to_be_hidden()


def test_a_silent_relay_is_not_waited_for(live: Page, dialog: Locator) -> None:
    press(dialog, "I am looking at the lens")
    expect(dialog).to_contain_text("did not answer", timeout=PATIENCE)
    expect(dialog.get_by_role("button", name="Try again")).to_be_enabled()
    press(dialog, "Cancel")


def test_the_relay_judges_a_real_look(live: Page, dialog: Locator) -> None:
    live.evaluate("window.deaf = false; window.heard = []")
    judged = "heard.some(({type, state}) => type === 'calibration' && ['looked', 'rejected'].includes(state))"
    for _ in range(5):  # where the relay is too busy to answer, the dialog says so and offers another try
        live.locator("#look-go").click()
        wait_until(live, "calibration.dataset.state !== 'measuring'")
        if live.evaluate(judged):
            break
    assert live.evaluate(judged)
    press(dialog, "Cancel")
