"""Balance: what can only be decided over the whole corpus. Copies go, and no subject and no motion crowds out the rest.

The result depends on the set of clips, not on their order. This module does not know pixels.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from math import ceil
from statistics import median

from mimica.core.motion import EXPRESSION_INDEX
from mimica.curation.config import CurationConfig
from mimica.curation.records import Clip, Refusal
from mimica.safety.perceptual_hash import HASH_BITS, differing_bits

SAME_SHARE = 0.6
"""Two clips are one when so large a share of the shorter one's looks have their like, in order, in the other."""
YAW_EDGES_DEG = (8.0, 20.0)
LIVELY = (0.035, 0.06)
"""`Measures.motion` below, between and above."""
STRONG = 0.5


def without_copies(clips: Iterable[Clip], same_bits: int) -> tuple[list[Clip], list[Refusal]]:
    """(clips that resemble no earlier one, the others), by key.

    Any two hashes that differ by at most `same_bits` of 256 agree in at least one of `same_bits` + 1 bands exactly, so
    looking up bands finds every pair without comparing all with all.
    """
    kept: list[Clip] = []
    refusals: list[Refusal] = []
    bands: dict[tuple[int, int, int], set[int]] = defaultdict(set)
    for clip in sorted(clips, key=lambda each: each.key):
        found = {index for place in _bands(clip, same_bits) for index in bands.get(place, ())}
        twin = next((kept[index] for index in sorted(found) if _same(clip, kept[index], same_bits)), None)
        if twin is not None:
            reason = f"copy of {twin.key}"
            refusals.append(Refusal(clip.key, clip.source.rights.subject, "duplicates", reason))
            continue
        for place in _bands(clip, same_bits):
            bands[place].add(len(kept))
        kept.append(clip)
    return kept, refusals


def balanced(clips: Iterable[Clip], config: CurationConfig) -> tuple[list[Clip], list[Refusal]]:
    """(clips that stay, the others), by key: at most `clips_per_subject` of anybody, and no cell above its bound."""
    kept, crowd = _thinned(
        list(clips), lambda clip: clip.source.rights.subject, lambda _: config.clips_per_subject, config.seed
    )
    sizes = Counter(cell(clip) for clip in kept)
    bound = ceil(config.cell_factor * median(sizes.values())) if sizes else 0
    kept, crowded = _thinned(kept, cell, lambda _: bound, config.seed)
    refusals = [_left_out(clip, f"the subject has {config.clips_per_subject} clips already") for clip in crowd]
    refusals += [_left_out(clip, f"{bound} clips of motion {cell(clip)} are enough") for clip in crowded]
    return sorted(kept, key=lambda clip: clip.key), sorted(refusals, key=lambda refusal: refusal.item)


def cell(clip: Clip) -> str:
    """The kind of motion a clip shows, in words: how far turned, how lively, mouth or eyes or neither in strong use."""
    found = clip.measures
    yaw, motion = abs(found.angles_deg[0]), found.motion
    turned = ("frontal", "turned", "far turned")[sum(yaw >= edge for edge in YAW_EDGES_DEG)]
    lively = ("calm", "lively", "very lively")[sum(motion >= edge for edge in LIVELY)]
    mouth = max(
        found.expression[index] for name, index in EXPRESSION_INDEX.items() if name.startswith(("jaw", "mouth"))
    )
    brow = max(found.expression[index] for name, index in EXPRESSION_INDEX.items() if name.startswith("brow"))
    strong = "mouth" if mouth >= max(STRONG, brow) else "brows" if brow >= STRONG else "little"
    return f"{turned}, {lively}, {strong}"


def _thinned(
    clips: list[Clip], group: Callable[[Clip], Hashable], bound: Callable[[Hashable], int], seed: int
) -> tuple[list[Clip], list[Clip]]:
    taken: Counter[Hashable] = Counter()
    kept: list[Clip] = []
    left: list[Clip] = []
    for clip in sorted(clips, key=lambda each: (lot(each.key, seed), each.key)):
        place = group(clip)
        taken[place] += 1
        (kept if taken[place] <= bound(place) else left).append(clip)
    return kept, left


def lot(key: str, seed: int) -> str:
    """What decides between clips that are equally good: drawn from the key alone, so that no order matters."""
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def _left_out(clip: Clip, reason: str) -> Refusal:
    return Refusal(clip.key, clip.source.rights.subject, "balance", reason)


def _bands(clip: Clip, same_bits: int) -> list[tuple[int, int, int]]:
    """(number of the band, its width, its bits) for every hash of a clip."""
    count = same_bits + 1
    places: list[tuple[int, int, int]] = []
    for text in clip.prints:
        value = int(text, 16)
        for number in range(count):
            low, high = HASH_BITS * number // count, HASH_BITS * (number + 1) // count
            places.append((number, high - low, value >> low & ((1 << (high - low)) - 1)))
    return places


def _same(first: Clip, second: Clip, same_bits: int) -> bool:
    """Whether the looks of the shorter clip appear in the other, at any offset, one after another."""
    short, long = sorted((first.prints, second.prints), key=len)
    for offset in range(len(long) - len(short) + 1):
        hits = sum(differing_bits(a, b) <= same_bits for a, b in zip(short, long[offset:], strict=False))
        if hits >= SAME_SHARE * len(short):
            return True
    return False
