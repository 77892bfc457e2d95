"""SqueezeNet 1.1 (Iandola et al. 2016) as an eye: a picture in, the features of its layers out, no labels.

The weights (ImageNet, BSD-2-Clause, Caffe's own layout) are the user's; none is shipped. It does not know distances.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

NAME = "SqueezeNet 1.1 (ImageNet)"
MEAN_BGR = (104.0, 117.0, 123.0)
SQUEEZED = {2: 16, 3: 16, 4: 32, 5: 32, 6: 48, 7: 48, 8: 64, 9: 64}
"""Channels between the two halves of each fire module; each expands to four times as many twice."""
POOLED_AFTER = ("conv1", "fire3", "fire5")
SEEN = ("conv1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9")
"""The layers that are given out, as in LPIPS (Zhang et al. 2018)."""


class Fire(nn.Module):
    """Squeeze to `narrow` channels, expand by 1×1 and 3×3 kernels to 4·`narrow` each."""

    def __init__(self, channels: int, narrow: int) -> None:
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(channels, narrow, 1)
        self.expand1x1 = nn.Conv2d(narrow, 4 * narrow, 1)
        self.expand3x3 = nn.Conv2d(narrow, 4 * narrow, 3, padding=1)

    def forward(self, values: Tensor) -> Tensor:
        narrow = functional.relu(self.squeeze1x1(values))
        return functional.relu(torch.cat([self.expand1x1(narrow), self.expand3x3(narrow)], 1))


class SqueezeNet(nn.Module):
    """Pictures (N, H, W, 3) RGB 0..255, of any size from 32 px → features (N, C, h, w) of the layers `SEEN`."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 2)
        channels, fires = 64, {}
        for number, narrow in SQUEEZED.items():
            fires[f"fire{number}"] = Fire(channels, narrow)
            channels = 8 * narrow
        self.fires = nn.ModuleDict(fires)
        self.register_buffer("mean", torch.tensor(MEAN_BGR).view(1, 3, 1, 1))

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> SqueezeNet:
        """With weights by Caffe's names: conv1.weight, fire2/squeeze1x1.weight, … (conv10 is left out).

        Raises RuntimeError, as `load_state_dict` does, when one is missing or has another shape.
        """
        network = cls()
        renamed = {
            f"fires.{name.replace('/', '.')}" if name.startswith("fire") else name: value.float()
            for name, value in tensors.items()
            if not name.startswith("conv10")
        }
        network.load_state_dict({"mean": network.mean, **renamed})
        return network.eval()

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        values = image.float().flip(3).permute(0, 3, 1, 2) - self.mean
        features: dict[str, Tensor] = {}
        for name, layer in (("conv1", self.conv1), *self.fires.items()):
            values = functional.relu(layer(values))
            if name in SEEN:
                features[name] = values
            if name in POOLED_AFTER:
                values = functional.max_pool2d(values, 3, 2, ceil_mode=True)
        return features
