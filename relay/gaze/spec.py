"""The conventions that training and runtime share. Changing one requires a new version; weights carry theirs.

The patch: one eye, cropped upright by the similarity transform (translation, rotation, scale) that maps its corners
to two fixed points. The person's LEFT eye is mirrored, so that every patch looks like a right eye: in an
unmirrored image the outer corner is on the left, the nose on the right.

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

Eye coordinates: the same plane in units of one eye width, origin half-way between the corners. Fields, lids
and irises are given in them, so they do not depend on resolution. A Field on any grid covers the
whole patch, its nodes at the centres of equal cells.

Angles are in degrees. Camera frame, in the unmirrored image: pitch > 0 turns the eyes (or the face)
up, yaw > 0 turns them towards the image's right, roll > 0 tilts the head's top towards the image's right.
In a mirrored or tilted patch an angle is rotated and mirrored with the pixels (`geometry.Patch.aim`).

Field: backward map in two layers, the ball and what covers it. The output at p shows
mask(p) * input(p + flow(p)) + (1 - mask(p)) * input(p + rest(p)), flow and rest in eye widths, and to its luma
light(p) is added, 1 being the whole range: for brightness that the input does not contain, such as sclera that was in a
lid's shadow. Outside the ellipse inscribed in the patch nothing changes. A field without a rest keeps the
original where the mask is zero.

The network (models/ makes it, gaze/network.py runs it): for n eyes, float32,
    picture (n, 3, 48, 64)  the patch's Y, U, V: 0..1 and -0.5..0.5 (BT.601 studio range)
    maps    (n, 2, 48, 64)  0..1: disc of the iris, opening between the lids
    aim     (n, 2)          pitch, yaw, degrees, in the patch
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

# An adult iris is 11.7 mm wide, almost the same in all people, and its plane is 10.4 mm in front of the eyeball's
# centre of rotation (Bekerman 2014; Kaufman, Adler's Physiology of the Eye). So the visible iris radius
# gives the scale of the eye: a turn by a moves the iris centre by 1.78 * radius * sin(a).
ROTATION_PER_IRIS_RADIUS: Final = 1.78


def stamp() -> dict[str, str]:
    """The metadata of a weights file, which the runtime compares: everything above that weights depend on."""
    return {
        "eyeline.spec": VERSION,
        "eyeline.patch": f"{PATCH_WIDTH}x{PATCH_HEIGHT}, {CORNER_DISTANCE:g} between the corners",
        "eyeline.inputs": " ".join(INPUTS),
        "eyeline.outputs": " ".join(OUTPUTS),
        "eyeline.angles": f"degrees, pitch up, yaw to the picture's right, at most {MAX_AIM:g}",
    }
