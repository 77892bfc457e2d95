"""The networks that rig a portrait, once per photo (DESIGN §3): where each pixel lies on the head, and where skin ends.

`PortraitRigger` sees the face crop and names every pixel by canonical coordinates; `FeatureRigger` does the same in a
zoomed window on a mouth or an eye, and tells the two lips (or lids) and the opening between them apart;
`PortraitMatte` separates the person from the background. None knows about motion: `RigField` does.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from mimica.networks.layers import Residual, conv, normalise_image
from mimica.networks.rig_field import REACH_CM

FACE_PX = 192
FACE_MAP_PX = 96
MOUTH_PX = (72, 96)
EYE_PX = (48, 72)
MATTE_PX = 128

REGIONS = ("upper", "lower", "opening")
"""What a pixel of a mouth or eye window shows: skin above the slit, skin below it, or what lies behind it."""


class UNet(nn.Module):
    """A small U-Net; channels double in meaning, not in count: `widths[i]` at stride 2^i of the first level."""

    def __init__(self, inputs: int, outputs: int, widths: tuple[int, ...], stem_stride: int = 1) -> None:
        super().__init__()
        self.stem = conv(inputs, widths[0], stem_stride)
        self.down = nn.ModuleList(
            nn.Sequential(conv(fine, coarse, 2), Residual(coarse)) for fine, coarse in pairwise(widths)
        )
        self.up = nn.ModuleList(
            nn.Sequential(conv(fine + coarse, fine), Residual(fine) if index else conv(fine, fine))
            for index, (fine, coarse) in enumerate(pairwise(widths))
        )
        self.head = nn.Conv2d(widths[0], outputs, 1)

    def forward(self, image: Tensor) -> Tensor:
        levels = [self.stem(image)]
        for down in self.down:
            levels.append(down(levels[-1]))
        features = levels.pop()
        for up, skip in zip(reversed(self.up), reversed(levels), strict=True):
            features = functional.interpolate(features, size=skip.shape[2:], mode="bilinear", align_corners=False)
            features = up(torch.cat([skip, features], 1))
        return self.head(features)


class PortraitRigger(nn.Module):
    """Face crop → maps at half its resolution. 0.35 GMAC.

    Output, each (N, channels, 96, 96): `canonical` 3 (cm), `depth` 1 (cm towards the viewer from the head's origin),
    `face` 1 (probability that the pixel is the subject's face skin).
    """

    def __init__(self) -> None:
        super().__init__()
        self.net = UNet(3, 5, (24, 40, 64, 96, 128, 128), stem_stride=2)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """`image` (N, 192, 192, 3), 0..255."""
        maps = self.net(normalise_image(image))
        return {
            "canonical": maps[:, 0:3] * REACH_CM,
            "depth": maps[:, 3:4] * REACH_CM,
            "face": torch.sigmoid(maps[:, 4:5]),
        }


class FeatureRigger(nn.Module):
    """A window on a mouth (72 × 96) or an eye (48 × 72; the subject's right eye comes mirrored). 0.15 GMAC.

    Output at the window's resolution: `canonical` (N, 3, h, w) in cm and `region` (N, 3, h, w), probabilities of
    `REGIONS`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.net = UNet(3, 6, (20, 40, 64, 96))

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """`image` (N, h, w, 3), 0..255."""
        maps = self.net(normalise_image(image))
        return {"canonical": maps[:, :3] * REACH_CM, "region": torch.softmax(maps[:, 3:], 1)}


class PortraitMatte(nn.Module):
    """Portrait crop (N, 128, 128, 3) → `matte` (N, 1, 128, 128), how much of each pixel is the person."""

    def __init__(self) -> None:
        super().__init__()
        self.net = UNet(3, 1, (16, 24, 40, 64, 96))

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """`image` (N, 128, 128, 3), 0..255."""
        return {"matte": torch.sigmoid(self.net(normalise_image(image)))}
