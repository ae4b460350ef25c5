"""The warping network: an eye and an angle in, a two-layer field out (relay/gaze/spec.py, "The network").

The iris's step is computed from the eyeball's rotation; the network learns only the residual. Both flows and the light
scale with that step's length, so at aim zero the field is the identity by construction. A fixed window fades all three
to zero at the patch's ellipse.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.config import Shape
from relay.gaze.geometry import ellipse, nodes
from relay.gaze.spec import EXTENT, GRID, MAX_AIM, ROTATION_PER_IRIS_RADIUS

ANGLE_UNIT = 15.0  # degrees that correspond to an input of 1
RADIUS_UNIT = 0.21  # eye widths, a typical iris
CLEAR = 0.45  # squared ellipse distance up to which the window is 1
BRIGHTEST = 0.2  # of the luma's range, the most light that is added or subtracted
LIGHT_UNIT = 5.0  # of light for each eye width of the step that the head's 1 stands for
PICTURE, MAPS = 3, 2
Outputs = tuple[Tensor, Tensor, Tensor, Tensor]


class WarpNet(nn.Module):
    """Depthwise-separable U-net on a pixel-unshuffled patch, conditioned on the aim by FiLM (Perez 2018)."""

    grid: Tensor
    window: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        wide, wider, widest = shape.widths
        self.register_buffer("grid", torch.from_numpy(nodes(GRID).copy()).permute(2, 0, 1)[None], persistent=False)
        self.register_buffer("window", _window(), persistent=False)
        self.angles = nn.Sequential(
            nn.Linear(4, shape.angles), nn.ReLU(), nn.Linear(shape.angles, shape.angles), nn.ReLU()
        )
        self.stem = nn.Conv2d((PICTURE + MAPS + 4) * 4, wide, 1)
        self.fine_in = _blocks(1, wide, shape, film=False)
        self.down = nn.Conv2d(wide, wider, 2, stride=2)
        self.middle_in = _blocks(2, wider, shape)
        self.down_more = nn.Conv2d(wider, widest, 2, stride=2)
        self.coarse = _blocks(3, widest, shape)
        self.up = nn.Conv2d(widest, wider, 1)
        self.middle_merge = nn.Conv2d(2 * wider, wider, 1)
        self.middle_out = _blocks(2, wider, shape)
        self.up_more = nn.Conv2d(wider, wide, 1)
        self.fine_merge = nn.Conv2d(2 * wide, wide, 1)
        self.fine_out = _blocks(2, wide, shape, film=False)
        self.head = nn.Conv2d(wide, 5 * 4, 3, padding=1)
        self.shine = nn.Conv2d(wider, 1, 3, padding=1)
        for last in (self.head, self.shine):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)  # type: ignore[arg-type] # it has one

    def forward(self, picture: Tensor, maps: Tensor, aim: Tensor, radius: Tensor) -> Outputs:
        """picture (n, 3, 48, 64), maps (n, 2, 48, 64), aim (n, 2) degrees, radius (n,) -> flow, rest, mask, light."""
        step = turn(aim, radius)
        length = (step.square().sum(1, keepdim=True) + 1e-12).sqrt()
        condition = self.angles(self._condition(aim, radius))
        direction = (aim / ANGLE_UNIT)[:, :, None, None].expand(-1, -1, *GRID)
        grid = self.grid.expand(picture.shape[0], -1, -1, -1)
        seen = torch.cat([picture, maps, grid, direction], 1)
        fine, middle = self._features(seen, condition)
        raw = functional.pixel_shuffle(self.head(fine), 2)
        ball, rest, mask = raw.split([2, 2, 1], 1)
        # The epsilon leaves a length of 1e-6 at aim zero, where it must be exactly zero.
        length = torch.where(step.abs().sum(1, keepdim=True) > 0, length, torch.zeros_like(length))[:, :, None, None]
        flow = (ball * length - step[:, :, None, None]) * self.window
        return flow, rest * length * self.window, mask.sigmoid(), self._light(middle, length)

    def _light(self, middle: Tensor, length: Tensor) -> Tensor:
        """(n, wider, 12, 16), (n, 1, 1, 1) -> (n, 1, 48, 64): too coarse to draw detail, so it can only shade."""
        share = BRIGHTEST if self.shape.light else 0.0
        coarse = (self.shine(middle) * length * LIGHT_UNIT).tanh() * share
        return functional.interpolate(coarse, size=GRID, mode="bilinear", align_corners=False) * self.window

    def _features(self, seen: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 9, 48, 64) -> (n, wide, 24, 32), (n, wider, 12, 16)."""
        fine = _run(self.fine_in, self.stem(functional.pixel_unshuffle(seen, 2)), condition)
        middle = _run(self.middle_in, self.down(fine), condition)
        coarse = _run(self.coarse, self.down_more(middle), condition)
        middle = self.middle_merge(torch.cat([middle, _larger(self.up(coarse))], 1))
        middle = _run(self.middle_out, middle, condition)
        fine = self.fine_merge(torch.cat([fine, _larger(self.up_more(middle))], 1))
        return _run(self.fine_out, fine, condition), middle

    @staticmethod
    def _condition(aim: Tensor, radius: Tensor) -> Tensor:
        """(n, 4) FiLM's input: the aim, its size, the size of the iris."""
        angles = aim / ANGLE_UNIT
        far = (angles.square().sum(1, keepdim=True) + 1e-6).sqrt()
        return torch.cat([angles, far, (radius / RADIUS_UNIT - 1)[:, None]], 1)


class Block(nn.Module):
    """Depthwise 5x5, then two 1x1 with FiLM between; added to its input. Starts as the identity.

    angles: width of FiLM's input; 0 leaves FiLM out, which takes most of the time at fine resolutions.
    """

    def __init__(self, width: int, inner: int, angles: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(width, width, 5, padding=2, groups=width)
        self.widen = nn.Conv2d(width, inner, 1)
        self.film = nn.Linear(angles, 2 * inner) if angles else None
        self.narrow = nn.Conv2d(inner, width, 1)
        nn.init.zeros_(self.narrow.weight)
        nn.init.zeros_(self.narrow.bias)  # type: ignore[arg-type] # it has one

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        """(n, width, h, w), (n, angles) -> (n, width, h, w)."""
        inner = self.widen(self.spread(features))
        if self.film is not None:
            scale, shift = self.film(condition)[:, :, None, None].chunk(2, 1)
            inner = torch.addcmul(shift, inner, 1 + scale)
        return features + torch.as_tensor(self.narrow(functional.relu(inner)))


def turn(aim: Tensor, radius: Tensor) -> Tensor:
    """(n, 2) step of the iris centre, eye widths, x right and y down; as relay/gaze/geometric.turn.

    aim: (n, 2) pitch and yaw, degrees. radius: (n,) of the iris, eye widths.
    """
    pitch, yaw = torch.deg2rad(aim.clamp(-MAX_AIM, MAX_AIM)).unbind(1)
    across, down = yaw.sin() * pitch.cos(), -pitch.sin()
    return ROTATION_PER_IRIS_RADIUS * radius[:, None] * torch.stack([across, down], 1)


def apply(picture: Tensor, outputs: Outputs) -> Tensor:
    """The field applied: (n, c, 48, 64), luma first -> the same. spec, "Field"; bilinear, the border repeats."""
    flow, rest, mask, light = outputs
    moved = mask * shift(picture, flow) + (1 - mask) * shift(picture, rest)
    return torch.cat([moved[:, :1] + light, moved[:, 1:]], 1)


def shift(picture: Tensor, flow: Tensor) -> Tensor:
    """(n, c, h, w) read at p + flow(p). flow: (n, 2, h, w), eye widths."""
    at = _units(picture.device) * (_places(picture.device) + flow)
    return functional.grid_sample(picture, at.permute(0, 2, 3, 1), padding_mode="border", align_corners=False)


def moved_disc(disc: Tensor, step: Tensor) -> Tensor:
    """(n, 1, 48, 64) the iris disc moved by this step. step: (n, 2), eye widths."""
    return shift(disc, -step[:, :, None, None].expand(-1, -1, *GRID))


def _places(device: torch.device) -> Tensor:
    """(1, 2, h, w) the nodes, eye widths."""
    return torch.from_numpy(nodes(GRID).copy()).permute(2, 0, 1)[None].to(device)


def _units(device: torch.device) -> Tensor:
    """(1, 2, 1, 1) eye widths -> grid_sample's -1..1 across the patch."""
    return torch.tensor([2 / EXTENT[0], 2 / EXTENT[1]], device=device).view(1, 2, 1, 1)


def _window() -> Tensor:
    """(1, 1, 48, 64): 1 in the middle, smoothly 0 on the ellipse."""
    inside = torch.from_numpy(ellipse(nodes(GRID))).float()
    share = ((1 - inside) / (1 - CLEAR)).clamp(0, 1)
    return (share * share * (3 - 2 * share))[None, None]


def _blocks(count: int, width: int, shape: Shape, film: bool = True) -> nn.ModuleList:
    angles = shape.angles if film else 0
    return nn.ModuleList(Block(width, int(width * shape.inner), angles) for _ in range(count))


def _run(blocks: nn.ModuleList, features: Tensor, condition: Tensor) -> Tensor:
    for block in blocks:
        features = block(features, condition)
    return features


def _larger(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2.0, mode="bilinear", align_corners=False)
