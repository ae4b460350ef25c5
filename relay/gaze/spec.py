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

Field: backward map. The output at p shows the input at p + flow(p), in eye widths; mask (0..1) says how much
of it is shown over the original. Flow and mask are zero outside the ellipse inscribed in the patch.
"""

from typing import Final

VERSION: Final = "1"

PATCH_WIDTH: Final = 64
PATCH_HEIGHT: Final = 48
CORNER_DISTANCE: Final = 36.0  # patch pixels in one eye width
EXTENT: Final = (PATCH_WIDTH / CORNER_DISTANCE, PATCH_HEIGHT / CORNER_DISTANCE)  # the patch in eye widths

MAX_AIM: Final = 25.0  # degrees, each axis: beyond it no method turns an eye credibly

# An adult iris is 11.7 mm wide, almost the same in everybody, and its plane lies 10.4 mm before the centre on
# which the eyeball turns (Bekerman 2014; Kaufman, Adler's Physiology of the Eye). So the visible iris radius is
# the ruler of the eye: a turn by a moves the iris centre by 1.78 * radius * sin(a).
ROTATION_PER_IRIS_RADIUS: Final = 1.78
