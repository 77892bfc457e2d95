"""MouthPainter: what shows between the lips, drawn where the photo has nothing to show (DESIGN §3.4).

It sees the target's mouth window with the opening cut out and the expression; it answers with teeth, tongue and dark.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mimica.core.motion import EXPRESSION_NAMES
from mimica.networks.layers import Residual, conv

PAINTER_PX = (72, 96)


class MouthPainter(nn.Module):
    """(image with a hole, hole, expression) → image. 0.25 GMAC a frame."""

    def __init__(self) -> None:
        super().__init__()
        self.code = nn.Sequential(nn.Linear(len(EXPRESSION_NAMES), 48), nn.SiLU())
        self.stem = conv(6, 24)
        self.down1 = nn.Sequential(conv(24, 40, 2), Residual(40))
        self.down2 = nn.Sequential(conv(40, 64, 2), Residual(64))
        self.down3 = nn.Sequential(conv(64, 96, 2))
        self.seed = nn.Linear(48, 32 * 9 * 12)
        self.middle = nn.Sequential(conv(96 + 32, 96), Residual(96))
        self.up2 = nn.Sequential(conv(96 + 64, 64), Residual(64))
        self.up1 = nn.Sequential(conv(64 + 40, 40), Residual(40))
        self.up0 = nn.Sequential(conv(40 + 24, 24), conv(24, 24))
        self.head = nn.Conv2d(24, 3, 1)

    def forward(self, image: Tensor, hole: Tensor, expression: Tensor) -> dict[str, Tensor]:
        """`image` (N, 72, 96, 3) 0..255, `hole` (N, 72, 96, 1) 0..1, `expression` (N, 52) → `painted` 0..255.

        Skin tone outside the hole steers light and colour; position channels tell where in the mouth a pixel lies.
        """
        rows, columns = PAINTER_PX
        keep = 1 - hole.permute(0, 3, 1, 2)
        picture = (image.permute(0, 3, 1, 2).float() / 127.5 - 1) * keep
        y = torch.linspace(-1, 1, rows, device=image.device).view(1, 1, -1, 1).expand(image.shape[0], 1, rows, columns)
        x = (
            torch.linspace(-1, 1, columns, device=image.device)
            .view(1, 1, 1, -1)
            .expand(image.shape[0], 1, rows, columns)
        )
        level0 = self.stem(torch.cat([picture, keep, x, y], 1))
        level1 = self.down1(level0)
        level2 = self.down2(level1)
        level3 = self.down3(level2)
        seed = self.seed(self.code(expression)).view(-1, 32, rows // 8, columns // 8)
        features = self.middle(torch.cat([level3, seed], 1))
        for up, skip in ((self.up2, level2), (self.up1, level1), (self.up0, level0)):
            features = functional.interpolate(features, scale_factor=2.0, mode="bilinear", align_corners=False)
            features = up(torch.cat([features, skip], 1))
        painted = torch.sigmoid(self.head(features)) * 255.0
        return {"painted": painted.permute(0, 2, 3, 1)}
