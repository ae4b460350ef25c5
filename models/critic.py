"""The adversarial network: scores an eye patch and estimates its gaze. It is never given which patch is modified.

Its first output is a realism score, high for photographs [claims 28-30]; its other two are a gaze estimate, pitch and
yaw in degrees inside the patch, for the correction loss [claim 5].
"""

import torch
from torch import Tensor, nn

WIDTHS = (24, 48, 72, 96)
READING_UNIT = 15.0  # degrees


class Critic(nn.Module):
    """Strided convolutions, no normalisation over the batch: each patch is scored independently."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((3, *WIDTHS[:-1]), WIDTHS, strict=True):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)
        self.score = nn.Linear(WIDTHS[-1] * 3 * 4, 1)
        self.gaze = nn.Linear(WIDTHS[-1] * 3 * 4, 2)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, 48, 64) -> score (n,), gaze estimate (n, 2) degrees."""
        features = self.layers(picture * 2 - torch.tensor([1.0, 0, 0], device=picture.device).view(1, 3, 1, 1))
        flat = features.flatten(1)
        return self.score(flat)[:, 0], self.gaze(flat) * READING_UNIT
