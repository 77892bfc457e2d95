"""Mimica in ComfyUI: a photo performs what an actor does, its face is changed, and any file says what it is."""

from __future__ import annotations

from .nodes import AnimatePortrait, EditPortrait, Verify

NODE_CLASS_MAPPINGS = {
    "MimicaAnimatePortrait": AnimatePortrait,
    "MimicaEditPortrait": EditPortrait,
    "MimicaVerify": Verify,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "MimicaAnimatePortrait": "Mimica: Animate Portrait",
    "MimicaEditPortrait": "Mimica: Edit Portrait",
    "MimicaVerify": "Mimica: Verify",
}

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
