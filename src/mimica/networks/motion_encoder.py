"""MotionEncoder: a face crop in, its motion out, whoever the face belongs to (DESIGN §3).

The trunk sees the whole crop; three zoomed windows (eyes, mouth), placed by the trunk's own landmarks, see what is
tiny in pixels and large to a viewer: lids, gaze, lips. It does not know where the crop lies in the picture.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mimica.core.motion import EXPRESSION_NAMES
from mimica.networks.layers import Residual, conv, normalise_image

CROP_PX = 192
LANDMARKS = 70
"""68 anchors in the usual order, then the centres of the subject's left and right eyeball."""

OUTPUTS: dict[str, int] = {"expression": len(EXPRESSION_NAMES), "angles": 3, "placement": 3, "gaze": 4}
"""Heads: angles in degrees; placement = head origin x, y in crop units (0..1) and log of crop widths per centimetre;
gaze = yaw, pitch of the left eye, yaw, pitch of the right eye, in degrees."""

EYE_WINDOW = (0.27, 0.18)
MOUTH_WINDOW = (0.50, 0.36)


def _window(image: Tensor, centre: Tensor, extent: tuple[float, float], size: tuple[int, int]) -> Tensor:
    """Cut a window out of `image` (N, 3, H, W) at `centre` (N, 2) in crop units; → (N, 3, *size)."""
    rows, columns = size
    device = image.device
    x = ((torch.arange(columns, device=device) + 0.5) / columns - 0.5) * extent[0]
    y = ((torch.arange(rows, device=device) + 0.5) / rows - 0.5) * extent[1]
    offset = torch.stack([x[None, :].expand(rows, columns), y[:, None].expand(rows, columns)], -1)
    grid = (centre[:, None, None, :] + offset[None]) * 2.0 - 1.0
    return functional.grid_sample(image, grid, padding_mode="border", align_corners=False)


class MotionEncoder(nn.Module):
    """Read expression, pose and gaze from a tight face crop.

    0.14 GMAC. Targets are standardised inside (`mean`, `spread` buffers), so outputs are in their own units.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        a, b, c, d, e = (max(8, round(width * channels / 8) * 8) for channels in (16, 24, 56, 96, 160))
        self.trunk = nn.Sequential(
            conv(3, a, 2), conv(a, b, 2), Residual(b), conv(b, c, 2), Residual(c), conv(c, d, 2), Residual(d),
            Residual(d), conv(d, e, 2), Residual(e), conv(e, 64, 1, 1), nn.Flatten(),
        )  # fmt: skip
        cells = (CROP_PX // 32) ** 2
        self.summary = nn.Sequential(nn.Dropout(0.1), nn.Linear(64 * cells, 256), nn.SiLU())
        self.landmarks = nn.Linear(256, LANDMARKS * 2)
        self.eye = nn.Sequential(conv(3, 24, 2), conv(24, 40, 2), Residual(40), conv(40, 48, 2), nn.Flatten(),
                                 nn.Dropout(0.1), nn.Linear(48 * 4 * 6, 80), nn.SiLU())  # fmt: skip
        self.mouth = nn.Sequential(conv(3, 24, 2), conv(24, 48, 2), Residual(48), conv(48, 64, 2), conv(64, 64, 2),
                                   nn.Flatten(), nn.Dropout(0.1), nn.Linear(64 * 3 * 4, 128), nn.SiLU())  # fmt: skip
        self.fuse = nn.Sequential(nn.Linear(256 + 80 * 2 + 128, 256), nn.SiLU(), nn.Dropout(0.1))
        total = sum(OUTPUTS.values())
        self.head = nn.Linear(256, total)
        self.register_buffer("mean", torch.zeros(total))
        self.register_buffer("spread", torch.ones(total))

    def forward(self, image: Tensor, window_jitter: Tensor | None = None) -> dict[str, Tensor]:
        """`image` (N, 192, 192, 3), 0..255 → the heads of `OUTPUTS` and `landmarks` (N, 70, 2) in crop units.

        `window_jitter` (N, 3, 2): training only, displaces the three windows.
        """
        picture = normalise_image(image)
        summary = self.summary(self.trunk(picture))
        landmarks = self.landmarks(summary).view(-1, LANDMARKS, 2) * 0.1 + 0.5
        anchors = landmarks.detach()
        centres = [anchors[:, 68], anchors[:, 69], anchors[:, 48:60].mean(1)]
        if window_jitter is not None:
            centres = [centre + window_jitter[:, index] for index, centre in enumerate(centres)]
        left = self.eye(_window(picture, centres[0], EYE_WINDOW, (32, 48)))
        right = self.eye(_window(picture, centres[1], EYE_WINDOW, (32, 48)).flip(3))
        mouth = self.mouth(_window(picture, centres[2], MOUTH_WINDOW, (48, 64)))
        standard = self.head(self.fuse(torch.cat([summary, left, right, mouth], 1)))
        values = standard * self.spread + self.mean
        heads = dict(zip(OUTPUTS, values.split(list(OUTPUTS.values()), 1), strict=True))
        return {**heads, "landmarks": landmarks}
