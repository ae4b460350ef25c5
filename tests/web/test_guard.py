"""The guard in the browser against the guard in the relay: the same pictures, the same places, the same shares."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from playwright.sync_api import Page

from relay.frame import Plane
from relay.gaze.face import Angles, Eye, Face, Faces
from relay.gaze.geometric import Outline, geometric_field
from relay.gaze.geometry import Patch
from relay.gaze.guard import guard
from relay.gaze.motion import Sight, carry
from relay.gaze.warp import Placed, warp
from tests.clips import Clip, to_frame
from tests.gaze.faces import face, faces
from tests.gaze.moving import grey, texture
from tests.gaze.sitters import filmed
from tests.portraits import Person
from tests.web.following import evaluate, picture, places

PEOPLE = get_args(Person)
GUARD = """
    const sight = see(luma(before), faces), newest = luma(after);
    return [...guard(sight, carry(sight, newest, 0.1), newest)].map(([number, {right, left}]) => [number, right, left]);
"""


def small(person: Person, eye_width: float = 20, sway: float = 0) -> Clip:
    """A head in a small copy of the camera's picture; the lids are down at 1 s."""
    return Clip((person,), width=320, height=240, eye_width=eye_width, sway=sway, tilt=0, zoom=0, blinks=(1.0,))


def here(page: Page, before: Plane, found: Faces, after: Plane) -> tuple[float, float]:
    """The shares of the only face's eyes, by the browser."""
    [[number, right, left]] = evaluate(page, GUARD, before=picture(before), after=picture(after), faces=places(found))
    assert number == found.faces[0].number
    return right, left


def there(before: Plane, found: Faces, after: Plane) -> tuple[float, float]:
    """The same by the relay, told only what the browser knows of the lids."""
    bowed = replace(found, faces=tuple(replace(one, right=bow(one.right), left=bow(one.left)) for one in found.faces))
    sight, frame = Sight.of(grey(before), bowed), grey(after)
    return guard(sight, bowed, carry(sight, bowed, frame), frame)[found.faces[0].number]


def bow(eye: Eye) -> Eye:
    """The eye with its upper lid where the browser takes it to be."""
    along = np.linspace(-0.5, 0.5, 9)[1:-1]
    heights = -0.62 * eye.openness * (1 - (2 * along) ** 2)
    upper = Patch.of(eye).to_pixels(np.column_stack([along, heights])).astype(np.float32)
    return replace(eye, upper=upper)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("eye_width", [16, 24, 40])
def test_the_browser_sees_lids_as_the_relay_does(page: Page, person: Person, eye_width: float) -> None:
    """Within 0.15, whatever the lids do and wherever the head goes meanwhile."""
    clip = small(person, eye_width, sway=10)
    for now in (26, 28, 29, 30, 31, 33):
        before, found, after = to_frame(clip.frame(25)).y, filmed(clip, 25), to_frame(clip.frame(now)).y
        assert here(page, before, found, after) == pytest.approx(there(before, found, after), abs=0.15)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("eye_width", [16, 24, 40])
def test_a_shut_eye_loses_all_and_an_open_one_nothing(page: Page, person: Person, eye_width: float) -> None:
    clip = small(person, eye_width, sway=10)
    before, found = to_frame(clip.frame(26)).y, filmed(clip, 26)
    assert max(here(page, before, found, to_frame(clip.frame(30)).y)) < 0.2
    assert min(here(page, before, found, to_frame(clip.frame(24)).y)) > 0.9


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("yaw", [-12, 12])
def test_a_glance_is_no_blink(page: Page, person: Person, yaw: float) -> None:
    clip = small(person)
    frame, found = to_frame(clip.frame(0)), filmed(clip, 0)
    patches = [(eye, Patch.of(eye)) for eye in found.faces[0].eyes]
    aim = Angles(yaw=yaw)
    turned = [Placed(patch, geometric_field(Outline.of(eye, patch), patch.aim(aim))) for eye, patch in patches]
    assert min(here(page, frame.y, found, warp(frame, turned).y)) > 0.9


def test_light_does_not_count(page: Page) -> None:
    clip = small("president")
    before, found = to_frame(clip.frame(0)).y, filmed(clip, 0)
    open_, shut = (np.asarray(0.7 * to_frame(clip.frame(number)).y, np.uint8) for number in (0, 30))
    assert min(here(page, before, found, open_)) > 0.9
    assert max(here(page, before, found, shut)) < 0.2


def test_an_eye_that_was_shut_is_left_to_its_landmarks(page: Page) -> None:
    found = faces(face(centre=(160, 120), width=24, openness=0.05))
    assert here(page, texture((320, 240)), found, texture((320, 240), 1)) == (1, 1)


def test_faces_that_cannot_be_compared_are_left_out(page: Page) -> None:
    people: list[Face] = [face(number=4, centre=(160, 120), width=24), face(number=5, centre=(900, 120), width=24)]
    usual, large = texture((320, 240)), texture()
    values = {"before": picture(usual), "faces": places(faces(*people))}
    assert [number for number, *_ in evaluate(page, GUARD, after=picture(usual), **values)] == [4]
    assert evaluate(page, GUARD, after=picture(large), **values) == []
    script = "const sight = see(luma(before), faces); return guard(sight, [], luma(after)).size;"
    assert evaluate(page, script, after=picture(usual), **values) == 0
