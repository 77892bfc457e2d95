"""The colour of a portrait's teeth: as the photo shows them, or else as its skin suggests.

On 53 open smiles of people who do not exist teeth were as bright as 0.64 times the skin and 90 levels (rms 38, r .45),
and on 93 they had a sixth of the skin's tint (as logarithm), which is the light's; the whites of the eyes told less.
Eight real actors who speak show them about 0.93 times as bright as their skin; what is suggested lies between, nearer
to these: teeth too dim look shaded, teeth too bright look false. This module does not know meshes.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mimica.animation.fill import sample
from mimica.animation.reading import FeatureReading
from mimica.animation.tone import LUMA

FloatArray = NDArray[np.float32]

PER_SKIN, MORE = 0.7, 38 / 255
OWN_TINT: Final = np.array([1.06, 0.981, 0.922], np.float32)
TINT_SHARE: Final = 0.16
OPEN: Final = 0.8
"""What is an opening as surely as this may show teeth."""
LEAST_SHARE: Final = 0.03
"""Of the window; smaller openings show the lips' rims more than teeth."""
FEWEST_PX: Final = 24
SATURATED: Final = 0.4
"""What is more colourful is lip, gum or tongue."""
PLAUSIBLE: Final = 0.65, 1.5
"""How bright teeth in the photo must be, in times of what the skin suggests, to be taken for teeth."""
BRIGHTER_HALF: Final = 50.0


def teeth_colour(photo: NDArray[np.uint8], mouth: FeatureReading, skin: FloatArray) -> FloatArray:
    """(3,) 0..1, what front teeth look like between parted lips. skin: (3,) 0..1, the face's colour."""
    suggested = _suggested(skin)
    shown = _shown(photo, mouth)
    if shown is None:
        return suggested
    low, high = PLAUSIBLE
    return shown if low <= float(shown @ LUMA) / float(suggested @ LUMA) <= high else suggested


def _suggested(skin: FloatArray) -> FloatArray:
    brightness = max(float(skin @ LUMA), 1e-3)
    tint = OWN_TINT * np.maximum(skin / brightness, 1e-3) ** TINT_SHARE
    tint /= float(tint @ LUMA)
    return np.asarray((PER_SKIN * brightness + MORE) * tint, np.float32)


def _shown(photo: NDArray[np.uint8], mouth: FeatureReading) -> FloatArray | None:
    """(3,) 0..1 the median of the teeth between the photo's own lips; None: hardly any are seen."""
    rows, columns = np.nonzero(mouth.region[..., 2] > OPEN)
    if len(rows) < LEAST_SHARE * mouth.region[..., 2].size:
        return None
    places = mouth.to_photo(np.stack([columns, rows], 1).astype(np.float32) + 0.5)
    colours = sample(photo, places) / 255
    bright = colours @ LUMA
    strongest = colours.max(1)
    pale = strongest - colours.min(1) < SATURATED * strongest
    teeth = pale & (bright >= np.percentile(bright, BRIGHTER_HALF))
    cell = mouth.size_px[0] * mouth.size_px[1] / mouth.region[..., 2].size
    if teeth.sum() * min(float(cell), 1.0) < FEWEST_PX:
        return None
    return np.asarray(np.median(colours[teeth], axis=0), np.float32)
