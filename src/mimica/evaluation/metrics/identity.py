"""Is it still the same person: likeness of face embeddings (`evaluation.identity`, dlib's ResNet, 128 numbers).

Likeness is 1 − distance of two embeddings, at most 1. dlib calls two photos one person from 0.4 on (99.4 % right on
LFW, by its author). Measured with this module on eleven clips of actors, six frames each: two frames of one clip
0.56..0.87 (5th to 95th percentile; median 0.72), two clips' mean embeddings 0.14..0.51 (median 0.25). So about 0.7 is
as good as the same person looks after moving, and 1 would mean that nothing moved.

- similarity: mean likeness of the output's frames to the photo, higher is better; also by how far the head has turned
  from the photo's own yaw, since every embedding falls with a turn.
- leak: mean likeness of the output's frames to the driver's, minus the photo's own likeness to the same driver
  frames. 0 is best: the output is no nearer to the driver than the photo was. `leak_share` says how much of the way
  from the photo to the driver that is: 1 would be the driver. Only for a driver who is another person.

What fools it: a still photo keeps its identity perfectly. Output and driver share pose and expression, which embeddings
see a little, so a perfect output leaks somewhat: compare with the truth's own leak. Blur raises the likeness of
everybody to everybody; strong yaw lowers it; hair and clothes hardly count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimica.evaluation.metrics import YAW_BINS

FloatArray = NDArray[np.float64]

YAW_EDGES_DEG = (15.0, 30.0)
LEAST_GAP = 0.1
"""Likeness that driver frames must have more to each other than to the photo for a share to mean anything."""


@dataclass(frozen=True, slots=True)
class IdentityScore:
    """NaN where no face was embedded, or no frame falls into a bin. `driver_likeness`: photo to driver, before."""

    similarity: float
    by_yaw: dict[str, float]
    leak: float
    leak_share: float
    driver_likeness: float
    samples: int

    def numbers(self) -> dict[str, float]:
        """Under the registry's names."""
        bins = {f"identity.similarity.{name}": value for name, value in self.by_yaw.items()}
        return {"identity.similarity": self.similarity, **bins, "identity.leak": self.leak}


def likeness(first: NDArray[np.floating], second: NDArray[np.floating]) -> FloatArray:
    """Embeddings (N, 128) and (M, 128) → (N, M) 1 − Euclidean distance."""
    a, b = np.atleast_2d(np.asarray(first, np.float64)), np.atleast_2d(np.asarray(second, np.float64))
    return 1.0 - np.linalg.norm(a[:, None] - b[None], axis=-1)


def identity_score(
    photo: NDArray[np.floating],
    output: NDArray[np.floating],
    turned_deg: NDArray[np.floating],
    driver: NDArray[np.floating] | None = None,
) -> IdentityScore:
    """`photo` (128,), `output` (T, 128), `driver` (D, 128) or None: embeddings, NaN rows where no face was found.
    `turned_deg` (T,): the output's yaw minus the photo's."""
    nothing = float("nan")
    made = np.asarray(output, np.float64).reshape(-1, len(photo))
    seen = np.isfinite(made).all(-1)
    made, turned = made[seen], np.abs(np.asarray(turned_deg, np.float64))[seen]
    if not len(made) or not np.isfinite(photo).all():
        return IdentityScore(nothing, dict.fromkeys(YAW_BINS, nothing), nothing, nothing, nothing, 0)
    same = likeness(made, photo)[:, 0]
    bins = np.digitize(turned, YAW_EDGES_DEG)
    by_yaw = {
        name: float(same[(bins == index) & np.isfinite(turned)].mean())
        if ((bins == index) & np.isfinite(turned)).any()
        else nothing
        for index, name in enumerate(YAW_BINS)
    }
    leak = share = before = nothing
    actor = np.empty((0, len(photo))) if driver is None else np.asarray(driver, np.float64).reshape(-1, len(photo))
    actor = actor[np.isfinite(actor).all(-1)]
    if len(actor):
        before = float(likeness(actor, photo).mean())
        leak = float(likeness(made, actor).mean()) - before
    if len(actor) > 1:
        own = likeness(actor, actor)[~np.eye(len(actor), dtype=np.bool_)]
        gap = float(own.mean()) - before
        share = leak / gap if gap > LEAST_GAP else nothing
    return IdentityScore(float(same.mean()), by_yaw, leak, share, before, len(made))
