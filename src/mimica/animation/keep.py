"""What of a filmed performance stays when a driver re-acts it (ADR 20).

"pose" keeps the head as filmed and takes the driver's face; "expression" keeps the face and takes the driver's head;
"both" keeps both and lays the driver's performance on top; "none" takes both from the driver. The head's place in the
picture always stays with the body that carries it. This module does not know pixels.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from mimica.animation.motion_field import HeadMotion
from mimica.animation.retarget import MAX_TURN_DEG, DriverRest, RetargetOptions, Subject, soft_limit
from mimica.core.camera import rotation_from_angles, rotation_vector, rotations_from_vectors

Keep = Literal["pose", "expression", "both", "none"]
AudioFrom = Literal["driver", "source"]
"""Whose sound is heard."""


def kept(
    motion: HeadMotion, keep: Keep, now: Subject, rest: DriverRest, options: RetargetOptions, driver_moved: HeadMotion
) -> HeadMotion:
    """What a head that is `now` so has to do in this frame of the source.

    Args:
        motion: the driver's, for a portrait that is as the source is now. driver_moved: the same with the pose
            relative to the driver's rest, whatever the options say.
        rest: the source's own, over the whole video.
    """
    if keep in ("pose", "none"):
        gaze = motion.gaze_deg
        if options.motion == "relative" and options.gaze > 0:
            # the driver's eyes move about where the source usually looks, not about where it happens to look now
            gaze = gaze + min(1.0, options.gaze) * (rest.gaze_deg - now.gaze_deg)
        motion = replace(motion, gaze_deg=np.clip(gaze, -40, 40).astype(np.float32))
    if keep == "expression":
        motion = replace(
            motion, directions=np.zeros_like(motion.directions), tongue=np.zeros_like(motion.tongue), neutralise=0.0,
            redraw=(0.0, 0.0, 0.0), gaze_deg=now.gaze_deg,
        )  # fmt: skip
    if keep == "both":
        motion = replace(motion, neutralise=0.0)
    if keep == "pose":
        return replace(motion, turn=np.eye(3), shift_cm=np.zeros(3))
    if keep == "both" or options.pose == 0:
        return replace(motion, turn=driver_moved.turn, shift_cm=driver_moved.shift_cm)
    if options.motion == "absolute":
        return motion
    usual = rotation_from_angles(*map(float, rest.angles_deg))
    turn = rotation_vector(driver_moved.turn @ usual @ now.rotation.T)
    return replace(motion, turn=rotations_from_vectors(soft_limit(turn, np.radians(MAX_TURN_DEG))))
