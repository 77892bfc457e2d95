"""The networks of an animation behind plain functions on NumPy arrays. The only place that knows their tensor names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimica.core.lips import lips_gap, part_lips
from mimica.core.motion import EXPRESSION_NAMES, RIG_NAMES
from mimica.faces.finder import FaceFinder
from mimica.runtime.providers import thread_count
from mimica.runtime.session import OnnxNetwork
from mimica.runtime.weights import load_network

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]

ENCODER_PX = 192
FACE_PX = 192
MOUTH_PX = (72, 96)
EYE_PX = (48, 72)
MATTE_PX = 128


@dataclass(frozen=True, slots=True, eq=False)
class EncodedMotion:
    """What the MotionEncoder reads from one crop: see `networks.motion_encoder.OUTPUTS`; landmarks in crop units."""

    expression: FloatArray
    angles_deg: FloatArray
    placement: tuple[float, float, float]
    gaze_deg: FloatArray
    landmarks: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """Every network, loaded once."""

    finder: FaceFinder
    encoder: OnnxNetwork
    rigger: OnnxNetwork
    mouth_rigger: OnnxNetwork
    eye_rigger: OnnxNetwork
    matte_network: OnnxNetwork
    field_network: OnnxNetwork
    expression_gain: FloatArray
    """(52,) 1 / slope on held-out renders, limited: undoes the damping of a regression in a performance. The photo's
    own expression is taken away without it: there, doubt had better be moderate."""
    gaze_gain: FloatArray
    """(2,) the same for the gaze's yaw and pitch."""
    lips_gap_gain: float
    """The same for how far all directions together, with their gains, part the lips."""

    @classmethod
    def load(cls, device: str = "auto", *, threads: int | None = None) -> Networks:
        """The shipped networks on `device`, on so many `threads`; `OnnxNetwork` says what None means.

        Raises:
            WeightsError: one is missing, damaged or made for another version.
            DeviceError: the device is absent.
        """
        names = ("motion_encoder", "portrait_rigger", "mouth_rigger", "eye_rigger", "portrait_matte", "rig_field")
        # the finder and the encoder run at the same time, on the two halves of a driver's reading
        whole = thread_count() if threads is None else threads
        half = max(1, whole // 2) if whole else 0
        networks = [load_network(name, device, threads=half if name == names[0] else whole) for name in names]
        networks[0].require({"expression_names": list(EXPRESSION_NAMES), "crop_px": ENCODER_PX})
        networks[5].require({"directions": list(RIG_NAMES)})
        expression, gaze = (
            np.array(networks[0].constant(name), np.float32) for name in ("expression_gain", "gaze_gain")
        )
        finder = FaceFinder(load_network("face_finder", device, threads=half))
        lips = float(networks[0].constant("lips_gap_gain"))
        return cls(finder, *networks, expression_gain=expression, gaze_gain=gaze, lips_gap_gain=lips)

    def encode(self, crop: Image) -> EncodedMotion:
        """Read a tight face crop (192, 192, 3)."""
        out = self.encoder.run({"image": crop[None]})
        x, y, size = (float(value) for value in out["placement"][0])
        return EncodedMotion(
            out["expression"][0], out["angles"][0], (x, y, size), out["gaze"][0].reshape(2, 2), out["landmarks"][0]
        )

    def strengths(self, read: EncodedMotion) -> FloatArray:
        """(52,) the performance that was read, with its full strength and its lips as far apart as it means."""
        strengths = read.expression * self.expression_gain
        return part_lips(strengths, float(lips_gap(strengths)) * self.lips_gap_gain)

    def rig(self, crop: Image) -> dict[str, FloatArray]:
        """Face maps of a tight crop (192, 192, 3), channels last: canonical (96, 96, 3); depth, face (96, 96)."""
        out = self.rigger.run({"image": crop[None]})
        canonical = np.ascontiguousarray(out["canonical"][0].transpose(1, 2, 0))
        return {"canonical": canonical, "depth": out["depth"][0, 0], "face": out["face"][0, 0]}

    def read_feature(self, window: Image, *, eye: bool) -> tuple[FloatArray, FloatArray]:
        """Canonical map (h, w, 3) and regions (h, w, 3) of a mouth's or a (left) eye's window."""
        out = (self.eye_rigger if eye else self.mouth_rigger).run({"image": window[None]})
        canonical, region = (np.ascontiguousarray(out[name][0].transpose(1, 2, 0)) for name in ("canonical", "region"))
        return canonical, region

    def matte(self, crop: Image) -> FloatArray:
        """How much of each pixel of a portrait crop (128, 128, 3) is the person, (128, 128) 0..1."""
        return self.matte_network.run({"image": crop[None]})["matte"][0, 0]

    def field(self, canonical: FloatArray) -> FloatArray:
        """RigField: (N, 3) cm → (N, 49, 3) cm."""
        if not len(canonical):
            return np.zeros((0, len(RIG_NAMES), 3), np.float32)
        return self.field_network.run({"canonical": np.asarray(canonical, np.float32)})["directions"]
