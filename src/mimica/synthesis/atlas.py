"""What is fixed about a rig once and for all: triangles by part, neighbourhoods, distances from mouth and eyes, fades.

Built once per rig and shared by every portrait. Lengths are cm of the neutral head. This module does not know photos.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix

from mimica.core.easing import smoothstep
from mimica.synthesis.correspondence import Correspondence
from mimica.synthesis.rig import FloatArray, IntArray, Rig

FAR = 99
"""Ring number of vertices that no ring reached."""


def neck_weight(points: FloatArray) -> NDArray[np.float64]:
    """How fully points (N, 3) of the head's frame follow the head: 1 above the chin, 0 down the neck."""
    return smoothstep(points[:, 1] + 0.25 * points[:, 2], -13.5, -8.5)


@dataclass(frozen=True)
class HeadAtlas:
    """A rig with its correspondence and everything derived from the two."""

    rig: Rig
    correspondence: Correspondence

    @cached_property
    def face_count(self) -> int:
        """Number of face vertices; they come first."""
        return self.rig.parts["face"][1]

    @cached_property
    def drawn_count(self) -> int:
        """Number of vertices that can be drawn: all before the rig's own eyeballs."""
        return self.rig.parts["lower_teeth"][1]

    @cached_property
    def face(self) -> IntArray:
        return self.rig.triangles("face")

    @cached_property
    def skin(self) -> IntArray:
        """Face, then the rest of the head."""
        return np.concatenate([self.face, self.rig.triangles("head")])

    @cached_property
    def inside(self) -> dict[str, IntArray]:
        """Triangles behind the face, in drawing order."""
        return {
            "mouth_socket": self.rig.triangles("mouth_socket"),
            "gums": self.rig.triangles("gums"),
            "teeth": self._span("upper_teeth", "lower_teeth"),
            "eye_sockets": self.rig.triangles("eye_sockets"),
        }

    def _span(self, first: str, last: str) -> IntArray:
        start, stop = self.rig.parts[first][0], self.rig.parts[last][1]
        return self.rig.faces[((self.rig.faces >= start) & (self.rig.faces < stop)).all(1)]

    @cached_property
    def mouth_inside(self) -> IntArray:
        """Socket, gums and teeth, whose light is computed from their normals."""
        return np.concatenate([self.inside["mouth_socket"], self.inside["gums"], self.inside["teeth"]])

    @cached_property
    def _edges(self) -> tuple[IntArray, NDArray[np.intp]]:
        pairs = np.concatenate([self.face[:, [0, 1]], self.face[:, [1, 2]], self.face[:, [2, 0]]])
        edges, counts = np.unique(np.sort(pairs, 1), axis=0, return_counts=True)
        return edges, counts

    @cached_property
    def adjacency(self) -> csr_matrix:
        """(F, F) 1 between neighbouring face vertices."""
        edges, count = self._edges[0], self.face_count
        rows, columns = np.r_[edges[:, 0], edges[:, 1]], np.r_[edges[:, 1], edges[:, 0]]
        return coo_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, count)).tocsr()

    @cached_property
    def degree(self) -> NDArray[np.float32]:
        """(F,) number of neighbours, at least 1."""
        return np.maximum(np.asarray(self.adjacency.sum(1)).ravel(), 1).astype(np.float32)

    def neighbour_mean(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Mean over each face vertex's neighbours of values (F,) or (F, C)."""
        total = self.adjacency @ values
        return total / (self.degree if values.ndim == 1 else self.degree[:, None])

    @cached_property
    def region(self) -> NDArray[np.float64]:
        """(F,) how solidly the mesh is drawn: 1 on the face, fading to 0 at hairline, ears and neck."""
        inner = np.zeros(self.face_count)
        inner[self.rig.part("narrow_face")] = 1
        for _ in range(3):
            inner = self.neighbour_mean(inner)
        return np.clip(inner, 0, 1) * smoothstep(self.rig.neutral[: self.face_count, 1], -11.0, -9.3)

    def _rings(self, seed: NDArray[np.intp], count: int) -> NDArray[np.int64]:
        ring = np.full(self.face_count, FAR)
        ring[seed] = 0
        front = np.zeros(self.face_count)
        front[seed] = 1
        for number in range(1, count + 1):
            reached = ((self.adjacency @ front) > 0) & (ring == FAR)
            ring[reached] = number
            front = reached.astype(float)
        return ring

    @cached_property
    def _boundary(self) -> NDArray[np.intp]:
        edges, counts = self._edges
        return np.unique(edges[counts == 1])

    @cached_property
    def mouth_rings(self) -> NDArray[np.int64]:
        """(F,) edges to the mesh border inside the mouth, `FAR` beyond 30."""
        x, y, z = self.rig.neutral[self._boundary].T
        return self._rings(self._boundary[(y < -2) & (y > -5) & (z > 9) & (np.abs(x) < 5)], 30)

    @cached_property
    def eye_rings(self) -> NDArray[np.int64]:
        """(F,) edges to the lids' inner border, `FAR` beyond 4."""
        x, y, z = self.rig.neutral[self._boundary].T
        return self._rings(self._boundary[(y > 2) & (y < 5) & (z > 8) & (np.abs(x) < 5)], 4)

    @cached_property
    def canonical(self) -> FloatArray:
        """(V, 3) canonical coordinates, cm: neutral with the mouth opened."""
        return self.rig.canonical

    def eye_part(self, side: int) -> slice:
        """Vertices of the rig's own left (0) or right (1) eyeball."""
        return self.rig.part(("left_eye", "right_eye")[side])
