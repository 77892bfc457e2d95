"""The parametric head: neutral shape, identity modes, named expressions, and which vertices belong to which part.

Geometry is in centimetres, +x to the image's right, +y up, +z out of the face. The layout is ICT-FaceKit's (MIT), read
from a checkout of its repository or from a compact npz. This module does not know photos, cameras or pixels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mimica.errors import InputError

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

ICT_PARTS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "face": (0, 9409),
        "narrow_face": (0, 6706),
        "head": (9409, 11248),
        "mouth_socket": (11248, 13294),
        "eye_sockets": (13294, 14062),
        "gums": (14062, 17039),
        "upper_teeth": (17039, 19247),
        "upper_incisors": (18067, 18219),
        "lower_teeth": (19247, 21451),
        "left_eye": (21451, 23021),
        "right_eye": (23021, 24591),
        "left_eye_blend": (24591, 24795),
        "right_eye_blend": (24795, 24999),
    }
)
"""Half-open vertex ranges of ICT-FaceKit's mesh; `left_eye` is the subject's own left."""

ICT_LANDMARKS: tuple[int, ...] = (
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443,
    268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509,
    978, 4527, 4942, 4857, 1140, 2075, 1147, 4269, 3360,
    1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732,
    5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841,
    5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966,
)  # fmt: skip
"""The vertices of the 68 landmarks (iBUG order) that ICT-FaceKit names."""

OPENED_MOUTH = 0.7
"""How far the jaw opens in canonical coordinates: enough for the two lips to lie apart."""


@dataclass(frozen=True)
class Rig:
    """A parametric head.

    Attributes:
        neutral: (V, 3) float32 cm.
        expression: (K, V, 3) float32 cm, offset of each expression at coefficient 1.
        names: the K expression names (ARKit's, `_L`/`_R` for the subject's own left and right).
        faces: (M, 3) int32 triangles.
        identity: (I, V, 3) float16 or float32 cm, unit-variance shape modes; may have no rows.
        parts: half-open vertex ranges by part name, the names of `ICT_PARTS`.
        landmarks: 68 vertex indices in iBUG order.
    """

    neutral: FloatArray
    expression: FloatArray
    names: tuple[str, ...]
    faces: IntArray
    identity: NDArray[np.floating]
    parts: Mapping[str, tuple[int, int]] = field(default_factory=lambda: ICT_PARTS)
    landmarks: tuple[int, ...] = ICT_LANDMARKS

    def __post_init__(self) -> None:
        vertices = len(self.neutral)
        if self.expression.shape != (len(self.names), vertices, 3):
            raise InputError(
                f"rig: expression has shape {self.expression.shape}, expected {(len(self.names), vertices, 3)}"
            )
        if self.identity.shape[1:] != (vertices, 3):
            raise InputError(f"rig: identity has shape {self.identity.shape}, expected (I, {vertices}, 3)")
        if len(self.faces) and int(self.faces.max()) >= vertices:
            raise InputError(f"rig: a face names vertex {int(self.faces.max())}, but there are only {vertices}")

    def index(self, name: str) -> int:
        """Row of the expression called `name`. Raises InputError when the rig has none."""
        try:
            return self.names.index(name)
        except ValueError:
            raise InputError(f"rig: no expression is called {name!r}; it has {', '.join(self.names)}") from None

    def part(self, name: str) -> slice:
        """Vertex range of a part. Raises InputError when the rig has none of that name."""
        if name not in self.parts:
            raise InputError(f"rig: no part is called {name!r}; it has {', '.join(self.parts)}")
        return slice(*self.parts[name])

    def triangles(self, *parts: str) -> IntArray:
        """(M', 3) the triangles whose three corners lie in one of the parts, part after part."""
        chosen = [
            ((self.faces >= start) & (self.faces < stop)).all(1) for start, stop in (self.parts[p] for p in parts)
        ]
        return np.concatenate([self.faces[mask] for mask in chosen])

    def shape(self, weights: NDArray[np.floating]) -> FloatArray:
        """(V, 3) neutral plus the expressions at `weights` (K,)."""
        active = np.nonzero(weights)[0]
        return self.neutral + np.tensordot(weights[active].astype(np.float32), self.expression[active], 1)

    @property
    def canonical(self) -> FloatArray:
        """(V, 3) positions with the mouth opened, so that upper and lower lip are different places."""
        return self.neutral + np.float32(OPENED_MOUTH) * self.expression[self.index("jawOpen")]

    @classmethod
    def from_npz(
        cls,
        path: Path | str,
        *,
        identity: bool = True,
        parts: Mapping[str, tuple[int, int]] | None = None,
        landmarks: tuple[int, ...] | None = None,
    ) -> Rig:
        """Read the compact file: neutral, expression, expression_names, faces and identity, without pickles.

        Parts and landmarks are the file's own where it has them, else ICT-FaceKit's.
        `identity=False` leaves the shape modes out (they are needed to fit photos only).
        Raises InputError when the file lacks one of them.
        """
        path = Path(path)
        try:
            with np.load(path, allow_pickle=False) as data:
                neutral = data["neutral"].astype(np.float32)
                modes = data["identity"] if identity else np.zeros((0, *neutral.shape), np.float16)
                names = tuple(str(name) for name in data["expression_names"])
                ranges = zip(data.get("part_names", ()), data.get("part_ranges", ()), strict=True)
                kept = {str(name): (int(start), int(stop)) for name, (start, stop) in ranges}
                marks = tuple(int(mark) for mark in data.get("landmarks", ()))
                return cls(
                    neutral,
                    data["expression"].astype(np.float32),
                    names,
                    data["faces"].astype(np.int32),
                    modes,
                    parts or kept or ICT_PARTS,
                    (marks or ICT_LANDMARKS) if landmarks is None else landmarks,
                )
        except (OSError, KeyError, ValueError) as error:
            raise InputError(
                f"{path}: not a rig file ({error}); give the npz written by Rig.save or an ICT-FaceKit checkout"
            ) from error

    @classmethod
    def from_ict_checkout(
        cls,
        path: Path | str,
        *,
        parts: Mapping[str, tuple[int, int]] = ICT_PARTS,
        landmarks: tuple[int, ...] = ICT_LANDMARKS,
    ) -> Rig:
        """Read a checkout of ICT-FaceKit: FaceXModel/*.obj, one mesh per identity mode and expression.

        Raises InputError when the neutral mesh is missing or a mesh has another vertex count.
        """
        folder = Path(path)
        folder = folder / "FaceXModel" if (folder / "FaceXModel").is_dir() else folder
        base = folder / "generic_neutral_mesh.obj"
        if not base.is_file():
            raise InputError(f"{path}: no FaceXModel/generic_neutral_mesh.obj; give a checkout of ICT-FaceKit")
        neutral, faces = read_obj(base)

        def offsets(files: list[Path]) -> FloatArray:
            stack = np.zeros((len(files), *neutral.shape), np.float32)
            for row, file in enumerate(files):
                vertices = read_obj(file)[0]
                if vertices.shape != neutral.shape:
                    raise InputError(f"{file}: {len(vertices)} vertices, but the neutral mesh has {len(neutral)}")
                stack[row] = vertices - neutral
            return stack

        identities = sorted(folder.glob("identity*.obj"))
        expressions = [file for file in sorted(folder.glob("*.obj")) if file not in identities and file != base]
        names = tuple(file.stem for file in expressions)
        return cls(neutral, offsets(expressions), names, faces, offsets(identities), parts, landmarks)

    def save(self, path: Path | str) -> None:
        """Write the compact npz that `from_npz` reads; offsets as float16 (error below 0.005 cm)."""
        np.savez_compressed(
            path,
            neutral=self.neutral,
            identity=self.identity.astype(np.float16),
            expression=self.expression.astype(np.float16),
            expression_names=np.array(self.names),
            faces=self.faces,
            part_names=np.array(list(self.parts)),
            part_ranges=np.array(list(self.parts.values()), np.int32),
            landmarks=np.array(self.landmarks, np.int32),
        )


def read_obj(path: Path) -> tuple[FloatArray, IntArray]:
    """Vertices (V, 3) and triangles (M, 3) of a Wavefront OBJ; polygons become fans, negative indices are resolved."""
    vertices: list[list[float]] = []
    triangles: list[tuple[int, int, int]] = []
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("v "):
                vertices.append([float(value) for value in line.split()[1:4]])
            elif line.startswith("f "):
                corners = [int(re.split("/", token, maxsplit=1)[0]) for token in line.split()[1:]]
                corners = [corner - 1 if corner > 0 else len(vertices) + corner for corner in corners]
                triangles += [(corners[0], b, c) for b, c in pairwise(corners[1:])]
    return np.array(vertices, np.float32).reshape(-1, 3), np.array(triangles, np.int32).reshape(-1, 3)
