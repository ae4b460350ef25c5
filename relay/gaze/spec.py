"""The conventions that training and runtime share. Changing one is a new version; weights name theirs.

The patch: one eye, cut out upright by the similarity transform (move, turn, scale) that lays its corners on
two fixed points. The person's LEFT eye is mirrored, so that every patch looks like a right eye: in an
unmirrored picture the outer corner is on the left, the nose on the right.

      0              14          32          50             64  x, patch pixels
    0 +--------------------------------------------------------+
      |                    . - - - - - - .                      |
      |               .                       .                 |      eye width  = 36 patch pixels
      |            .      upper lid              .              |      centre     = (32, 24)
   24 |           (outer)--- iris (o) ---(inner)   .            |      + x right, + y down
      |            .                             .              |      pixel (i, j) covers [i, i+1) x [j, j+1)
      |               .                       .                 |
      |                    ' - - - - - - '    ellipse of the    |
   48 +------------------------------------------ warp ---------+

Eye coordinates: the same plane in units of one eye width, origin half-way between the corners. Everything
that must not depend on resolution (fields, lids, irises) is given in them. A Field on any grid covers the
whole patch, its nodes at the centres of equal cells.

Angles are in degrees. Camera frame, as one sees the unmirrored picture: pitch > 0 turns the eyes (or the face)
up, yaw > 0 turns them towards the picture's right, roll > 0 tilts the head's top towards the picture's right.
Inside a mirrored or tilted patch an angle is turned and mirrored with the pixels (`geometry.Patch.aim`).

Field: backward map in two layers, the ball and what lies over it. The output at p shows
mask(p) * input(p + flow(p)) + (1 - mask(p)) * input(p + rest(p)), flow and rest in eye widths, and to its luma
light(p) is added, 1 being the whole range: what no place of the input shows, as white that lay in a lid's shadow.
Outside the ellipse inscribed in the patch nothing changes. A field without a rest leaves the original where the mask is
zero.

The network (models/ makes it, gaze/network.py runs it): for n eyes, float32,
    picture (n, 3, 48, 64)  the patch's Y, U, V: 0..1 and -0.5..0.5 (BT.601 studio range)
    maps    (n, 2, 48, 64)  0..1: disc of the iris, opening between the lids
    aim     (n, 2)          pitch, yaw, degrees, inside the patch
    radius  (n,)            of the iris, eye widths
gives flow (n, 2, 48, 64), rest (n, 2, 48, 64), mask (n, 1, 48, 64), light (n, 1, 48, 64) as above.
"""

from typing import Final

VERSION: Final = "2"

PATCH_WIDTH: Final = 64
PATCH_HEIGHT: Final = 48
CORNER_DISTANCE: Final = 36.0  # patch pixels in one eye width
EXTENT: Final = (PATCH_WIDTH / CORNER_DISTANCE, PATCH_HEIGHT / CORNER_DISTANCE)  # the patch in eye widths

GRID: Final = (PATCH_HEIGHT, PATCH_WIDTH)
INPUTS: Final = ("picture", "maps", "aim", "radius")
OUTPUTS: Final = ("flow", "rest", "mask", "light")

MAX_AIM: Final = 25.0  # degrees, each axis: beyond it no method turns an eye credibly

# An adult iris is 11.7 mm wide, almost the same in everybody, and its plane lies 10.4 mm before the centre on
# which the eyeball turns (Bekerman 2014; Kaufman, Adler's Physiology of the Eye). So the visible iris radius is
# the ruler of the eye: a turn by a moves the iris centre by 1.78 * radius * sin(a).
ROTATION_PER_IRIS_RADIUS: Final = 1.78


def stamp() -> dict[str, str]:
    """What a weights file carries and the runtime compares: everything above that weights depend on, as text."""
    return {
        "eyeline.spec": VERSION,
        "eyeline.patch": f"{PATCH_WIDTH}x{PATCH_HEIGHT}, {CORNER_DISTANCE:g} between the corners",
        "eyeline.inputs": " ".join(INPUTS),
        "eyeline.outputs": " ".join(OUTPUTS),
        "eyeline.angles": f"degrees, pitch up, yaw to the picture's right, at most {MAX_AIM:g}",
    }
