import cv2
import numpy as np
import pytest

from models.datasets.planes import to_frame
from models.evaluation.renders.tracing import Region, find_disc, ghost, iris_of, move_at, opening_of, trace
from relay.gaze.face import Field
from relay.gaze.geometry import Patch, nodes, to_nodes
from relay.gaze.spec import GRID
from relay.gaze.warp import Placed, warp
from tests.gaze.faces import eye
from tests.models.evaluation.fields import shift, still

CENTRE = [0.03, -0.02]
RADIUS = 0.2


def moved(x: float, y: float) -> list[float]:
    return [CENTRE[0] + x, CENTRE[1] + y]


def find(field: Field, region: Region) -> list[float]:
    """Where the disc went."""
    found = find_disc(trace(field), region, np.array(CENTRE), RADIUS)
    assert found is not None
    return [float(value) for value in found]


def disc(lid: float = -1.0) -> Region:
    """A disc, hidden above the height of the lid."""
    at = nodes(GRID)
    inside = (np.hypot(*np.moveaxis(at - CENTRE, -1, 0)) < RADIUS) & (at[..., 1] > lid)
    return Region(inside.astype(np.float32), to_nodes(GRID))


def test_a_field_that_does_nothing_leaves_the_disc_where_it_is() -> None:
    found = find(still(), disc())
    np.testing.assert_allclose(found, CENTRE, atol=1e-6)


@pytest.mark.parametrize("step", [(0.1, 0.0), (-0.05, 0.08), (0.0, -0.15)])
def test_a_known_step_is_read(step: tuple[float, float]) -> None:
    found = find(shift(step), disc())
    np.testing.assert_allclose(found, moved(*step), atol=1e-4)


def test_lids_that_hide_half_of_it_do_not_pull_the_middle_down() -> None:
    found = find(shift((0.1, 0.02)), disc(lid=CENTRE[1]))
    np.testing.assert_allclose(found, moved(0.1, 0.02), atol=1e-4)


def test_a_ball_foreshortens_its_iris_and_the_middle_is_still_found() -> None:
    """The output's places are the input's, squeezed to 90 % about the centre and moved."""
    at = nodes(GRID)
    sources = (at - CENTRE - np.array([0.1, 0])) / np.array([0.9, 1.0]) + CENTRE
    field = Field((sources - at).astype(np.float32), np.ones(GRID, np.float32))
    found = find(field, disc(lid=-0.05))
    np.testing.assert_allclose(found, moved(0.1, 0), atol=2e-3)


def test_the_mask_counts() -> None:
    """Half moves, half stays: the iris that is seen has made half the step."""
    found = find(shift((0.1, 0.0), mask=0.5), disc())
    np.testing.assert_allclose(found, moved(0.05, 0), atol=3e-3)
    unseen = find(shift((0.1, 0.0), mask=0.0), disc())
    np.testing.assert_allclose(unseen, CENTRE, atol=1e-6)


def test_a_smear_at_the_lid_does_not_pull_the_middle_along() -> None:
    field = shift((0.1, 0.0))
    field.flow[nodes(GRID)[..., 1] < -0.15] = (0, 0)
    found = find(field, disc())
    np.testing.assert_allclose(found, moved(0.1, 0), atol=0.01)


def test_an_iris_that_is_hidden_has_no_place() -> None:
    hidden = disc(lid=CENTRE[1] + 0.9 * RADIUS)
    assert find_disc(trace(still()), hidden, np.array(CENTRE), RADIUS) is None


def test_the_reading_is_what_the_relays_warp_shows() -> None:
    """A dark disc in a picture, moved by the product's own code, against the field's reading."""
    seen = eye(centre=(100.0, 80.0), width=60.0)
    patch = Patch.of(seen)
    picture = np.full((160, 200, 3), 220, np.uint8)
    cv2.circle(picture, (100 * 16 - 8, 80 * 16 - 8), 10 * 16, (20, 20, 20), -1, cv2.LINE_AA, 4)
    window = np.clip(2 - 3 * np.hypot(*np.moveaxis(nodes(GRID), -1, 0)), 0, 1)
    field = Field((np.array([-0.08, 0.05]) * window[..., None]).astype(np.float32), np.full(GRID, 1, np.float32))
    made = warp(to_frame(picture), [Placed(patch, field)]).y
    dark = np.clip(200 - made.astype(float), 0, None)[50:110, 60:140]
    rows, columns = np.mgrid[50:110, 60:140] + 0.5
    centroid = np.array([(dark * columns).sum(), (dark * rows).sum()]) / dark.sum()
    region = Region.of_pixels(picture[..., 0] < 100, patch)
    found = find_disc(trace(field), region, patch.to_eye(np.array([100.0, 80.0])), 10 / 60)
    assert found is not None
    np.testing.assert_allclose(patch.to_pixels(found), centroid, atol=0.25)


def test_move_at_tells_lids_from_ball() -> None:
    moves = move_at(trace(shift((0.1, 0.0), mask=0.0, rest=(0.0, -0.04))), np.array([[0.0, -0.1], [0.1, 0.1]]))
    np.testing.assert_allclose(moves, [[0, -0.04]] * 2, atol=1e-3)
    assert np.isnan(move_at(trace(still()), np.array([[5.0, 5.0]]))).all()


def test_beyond_the_ellipse_nothing_moves() -> None:
    traced = trace(shift((0.2, 0.0), rest=(0.2, 0.2)), np.array([[0.85, 0.6], [0.0, 0.0]]))
    np.testing.assert_allclose(traced.steps(), [0, 0.2], atol=1e-6)


def test_ghost_is_the_distance_of_the_two_pictures() -> None:
    assert ghost(shift((0.1, 0.0), mask=0.5, rest=(0.07, 0.04))) == pytest.approx(0.05, abs=1e-6)
    assert ghost(shift((0.1, 0.0), mask=0.5)) == pytest.approx(0.1, abs=1e-6)
    assert ghost(shift((0.1, 0.0), mask=1.0)) == 0


def test_regions_from_landmarks() -> None:
    seen = eye(look=(0.1, 0.0))
    patch = Patch.of(seen)
    at = np.array([[0.1, 0.0], [0.0, -0.4], [0.4, 0.0]])
    np.testing.assert_allclose(iris_of(seen, patch)(at), [1, 0, 0], atol=1e-3)
    opening = opening_of(seen, patch)
    np.testing.assert_allclose(opening(at), [1, 0, 1], atol=0.3)
    edge = np.array([[0.0, -0.13]])
    assert opening(edge) > 0.5
    assert opening.without_rim(0.06)(edge) < 0.5
