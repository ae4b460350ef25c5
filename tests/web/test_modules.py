"""The page's pure modules, run in the browser they are written for. No relay: files come from the folder."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.web.folder import run, serve_folder


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


def test_an_insecure_address_is_explained(browser: Browser) -> None:
    page = browser.new_page()
    page.route("**", serve_folder)
    page.goto("http://eyeline.test/")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "secure address" in alert.inner_text()
    assert page.get_by_role("button", name="Start camera").is_disabled()
    page.close()
