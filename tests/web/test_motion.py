"""Motion in the browser against motion in the relay: the same pictures, the same places."""

from typing import Any, get_args

import pytest
from playwright.sync_api import Page

from relay.frame import Plane
from relay.gaze.face import Faces
from relay.gaze.motion import Sight, Similarity, Velocity, carry
from tests.clips import Clip, to_frame
from tests.gaze.faces import face, faces, moved
from tests.gaze.moving import around, grey, shifted, texture
from tests.gaze.sitters import filmed
from tests.portraits import Person
from tests.web.following import apart, evaluate, picture, places

SIZE = (320, 240)
CENTRE = (160.0, 120.0)
CARRY = "return carry(see(luma(before), faces, new Map()), luma(after), 0.1);"


def here(page: Page, before: Plane, found: Faces, after: Plane) -> list[dict[str, Any]]:
    """Where the browser carries the faces."""
    there: list[dict[str, Any]] = evaluate(
        page, CARRY, before=picture(before), after=picture(after), faces=places(found)
    )
    return there


MOTIONS = [
    around(CENTRE, 0, 1, (0, 0)),
    around(CENTRE, 0, 1, (4.3, -2.6)),
    around(CENTRE, 0, 1, (-9, 7)),
    around(CENTRE, 3, 1, (2, 1)),
    around(CENTRE, -2, 1.04, (-3, 2)),
    around(CENTRE, 0, 0.96, (0, 5)),
]


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize("width", [16.0, 24.0, 40.0])
def test_the_browser_follows_as_the_relay_does(page: Page, motion: Similarity, width: float) -> None:
    """Within 0.3 pixels or 1.5 % of an eye, on texture."""
    found = faces(face(centre=CENTRE, width=width), size=SIZE)
    before, after = texture(SIZE), shifted(texture(SIZE), motion)
    relay = carry(Sight.of(grey(before), found), found, grey(after)).faces[0]
    assert apart(here(page, before, found, after)[0], relay) < max(0.3, 0.015 * width)


@pytest.mark.parametrize("person", get_args(Person))
def test_a_head_is_followed_in_a_small_copy_of_the_picture(page: Page, person: Person) -> None:
    """Within 5 % of an eye of the truth, three frames later, where it has moved by half an eye or more."""
    clip = Clip(people=(person,), width=320, height=240, eye_width=18, seconds=1.5, sway=30, tilt=0, zoom=0)
    for number in (0, 9, 21):
        before, after = (to_frame(clip.frame(n)).y for n in (number, number + 3))
        truth = filmed(clip, number + 3)
        assert apart(places(filmed(clip, number))[0], truth.faces[0]) > 5
        assert apart(here(page, before, filmed(clip, number), after)[0], truth.faces[0]) < 0.9


def test_what_else_is_known_of_a_face_goes_along(page: Page) -> None:
    found = faces(face(number=9, centre=CENTRE, width=24), size=SIZE)
    [one] = here(page, texture(SIZE), found, shifted(texture(SIZE), Similarity(shift=3 + 0j)))
    assert (one["number"], one["right"]["openness"]) == (9, pytest.approx(0.3))


def test_other_light_is_no_motion(page: Page) -> None:
    found, motion = faces(face(centre=CENTRE, width=24), size=SIZE), Similarity(shift=3 - 2j)
    dim = (0.7 * shifted(texture(SIZE), motion) + 10).astype("uint8")
    assert apart(here(page, texture(SIZE), found, dim)[0], moved(found.faces[0], (3, -2))) < 0.2


@pytest.mark.parametrize("person", get_args(Person))
def test_lids_that_shut_do_not_drag_the_eye(page: Page, person: Person) -> None:
    """Not by more than 3 % of an eye."""
    clip = Clip((person,), width=320, height=240, eye_width=24, sway=0, tilt=0, zoom=0, blinks=(1.0,))
    before, shut = (to_frame(clip.frame(number)).y for number in (20, 31))
    assert apart(here(page, before, filmed(clip, 20), shut)[0], filmed(clip, 20).faces[0]) < 0.7


@pytest.mark.parametrize("seed", range(1, 6))
def test_another_scene_means_staying(page: Page, seed: int) -> None:
    found = faces(face(centre=CENTRE, width=24), size=SIZE)
    assert here(page, texture(SIZE), found, texture(SIZE, seed)) == places(found)


def test_a_picture_of_another_size_means_staying(page: Page) -> None:
    found = faces(face(centre=CENTRE, width=24), size=SIZE)
    assert here(page, texture(SIZE), found, texture((160, 120))) == places(found)


def test_faces_may_lie_anywhere(page: Page) -> None:
    crowd = [face(number=n, centre=(40.0 * n - 60, 30.0 * n - 40), width=2.0 + 9 * n) for n in range(10)]
    found = faces(*crowd, size=SIZE)
    for one, truth in zip(here(page, texture(SIZE), found, texture(SIZE)), crowd, strict=True):
        assert apart(one, truth) < 0.3


def test_what_cannot_be_followed_goes_on_at_half_the_pace(page: Page) -> None:
    """As the relay's Velocity."""
    first, then = faces(face(centre=(150, 120)), size=SIZE), faces(face(centre=(156, 117)), time=0.1, size=SIZE)
    script = """
        const known = paces(first, then, 0.1), blank = {data: new Uint8Array(76800), width: 320, height: 240};
        const sight = see(blank, then, known);
        return [carry(sight, blank, 0.1)[0], drift(sight, 0.1)[0], carry(sight, blank, -1)[0]];"""
    carried, drifted, back = evaluate(page, script, first=places(first), then=places(then))
    relay = Velocity.between(first, then).carry(then, grey(texture(SIZE), 0.2)).faces[0]
    assert apart(carried, relay) < 1e-3
    assert apart(drifted, relay) < 1e-3
    assert apart(back, then.faces[0]) < 1e-3


def test_paces_are_for_those_seen_twice_shortly_after_each_other(page: Page) -> None:
    both = faces(face(number=1), face(number=2)), faces(moved(face(number=2), (4, 0)), face(number=3))
    script = "return [0.1, 0, -1, 5, NaN].map((s) => Object.fromEntries(paces(before, now, s)));"
    first, *rest = evaluate(page, script, before=places(both[0]), now=places(both[1]))
    assert first == {"2": {"x": pytest.approx(20), "y": pytest.approx(0)}}
    assert rest == [{}] * 4
