"""A TorchScript model with the methods of VideoSeal's and none of its skill: see test_marks_of_others.py.

No `from __future__ import annotations`: torch.jit reads the annotations.
"""

import torch


class Seal(torch.nn.Module):
    """embed(imgs (B, 3, H, W), msgs (B, 256), is_video) and detect(imgs, is_video) -> (B, 257)."""

    @torch.jit.export
    def embed(self, imgs: torch.Tensor, msgs: torch.Tensor, is_video: bool = False) -> torch.Tensor:
        grid = (msgs * 2 - 1).reshape(-1, 1, 16, 16)
        spread = torch.nn.functional.interpolate(grid, size=[imgs.shape[2], imgs.shape[3]], mode="nearest")
        return torch.clamp(imgs + 0.03 * spread, 0.0, 1.0)

    @torch.jit.export
    def detect(self, imgs: torch.Tensor, is_video: bool = False) -> torch.Tensor:
        grey = imgs.mean(dim=1, keepdim=True)
        grid = torch.nn.functional.adaptive_avg_pool2d(grey, [16, 16])
        around = torch.nn.functional.avg_pool2d(grid, 3, stride=1, padding=1, count_include_pad=False)
        bits = (grid - around).reshape(-1, 256)
        return torch.cat([torch.zeros_like(bits[:, :1]), bits], dim=1)
