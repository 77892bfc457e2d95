"""The id as a code word: BCH(63, 16), which corrects 11 wrong bits of 63, decoded by trying all 65,536 words.

An id of 16 bits with 14 check bits in BCH(63, 30, t = 6) spends its redundancy twice: the check only says no, the
code only corrects 6. Here all 47 redundant bits are code (minimum distance 23 instead of 13), the decoder is exact
maximum likelihood over soft values (one matrix product of 65,536 × 63), and the "no" comes from the statistics of the
best word: see `evidence`. Source: Lin and Costello, Error Control Coding, 2nd ed., ch. 6 (BCH codes over GF(2⁶)).
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from functools import cache
from typing import Final, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from mimica.errors import UsageError

MARK_ID_BITS: Final = 16
CODE_BITS: Final = 63
CORRECTABLE_BITS: Final = 11
_PRIMITIVE: Final = 0b1000011  # x⁶ + x + 1 generates GF(64)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The likeliest id, `correlation` −1..1 of the soft values with its word, `certainty` 0..1 that no other fits."""

    mark_id: int
    correlation: float
    certainty: float


def encode(mark_id: int) -> NDArray[np.float32]:
    """Code word of an id as (63,) float32 of ±1 (+1 for a set bit), the id's bits first, highest bit first.

    Raises UsageError when the id is not an integer in 0..65535.
    """
    return (_words(np.array([_checked(mark_id)])) * 2.0 - 1.0)[0].astype(np.float32)


def _checked(mark_id: object) -> int:
    if isinstance(mark_id, SupportsIndex) and not isinstance(mark_id, bool):
        number = operator.index(mark_id)
        if 0 <= number < 1 << MARK_ID_BITS:
            return number
    raise UsageError(f"mark id {mark_id!r}: is not an integer in 0..65535; take the id from the ledger")


def decode(soft: NDArray[np.floating]) -> Decoded:
    """The likeliest id for soft values (63,), positive where a bit is likely set; any common scale will do."""
    values = np.asarray(soft, np.float32)
    energy = float(values @ values)
    if not energy > 0:
        return Decoded(0, 0.0, 0.0)
    scores = _codebook() @ values
    best = int(scores.argmax())
    correlation = min(1.0, float(scores[best]) / math.sqrt(CODE_BITS * energy))
    amplitude = float(scores[best]) / CODE_BITS
    noise = max(energy / CODE_BITS - amplitude**2, 1e-9 * energy)  # variance of a soft value around ±amplitude
    others = float(np.exp((scores - scores[best]).astype(np.float64) * (amplitude / noise)).sum()) - 1.0
    return Decoded(best, correlation, 1.0 / (1.0 + max(others, 0.0)))


def evidence(correlation: float, values: int) -> float:
    """−ln of the probability that `values` values of noise correlate this well with one given sign pattern.

    Noise has no preferred direction, so the squared correlation follows a Beta distribution; its tail is bounded by
    ½ (1 − ρ²)^((n−1)/2). No estimate of the noise's strength is needed.
    """
    if correlation <= 0:
        return 0.0
    return math.log(2.0) - 0.5 * (values - 1) * math.log(max(1.0 - correlation**2, 1e-12))


@cache
def _generator() -> int:
    """g(x) of degree 47: the least polynomial over GF(2) with zeros at α, α², …, α²² (bits of an int)."""
    power = [1]
    for _ in range(CODE_BITS - 1):
        double = power[-1] << 1
        power.append(double ^ _PRIMITIVE if double & 64 else double)
    log = {value: exponent for exponent, value in enumerate(power)}
    zeros = {(exponent << shift) % CODE_BITS for exponent in range(1, 2 * CORRECTABLE_BITS + 1) for shift in range(6)}
    product = [1]  # coefficients in GF(64), lowest first
    for zero in sorted(zeros):
        raised = [0, *product]
        for place, value in enumerate(product):
            if value:
                raised[place] ^= power[(log[value] + zero) % CODE_BITS]
        product = raised
    return sum(value << place for place, value in enumerate(product))


@cache
def _rows() -> NDArray[np.uint8]:
    """Words (16, 63) of the ids 2¹⁵ … 2⁰: the systematic generator matrix."""
    generator = _generator()
    rows = np.zeros((MARK_ID_BITS, CODE_BITS), np.uint8)
    for row in range(MARK_ID_BITS):
        message = 1 << (CODE_BITS - 1 - row)
        remainder = message
        while remainder.bit_length() >= generator.bit_length():
            remainder ^= generator << (remainder.bit_length() - generator.bit_length())
        rows[row] = [(message ^ remainder) >> (CODE_BITS - 1 - place) & 1 for place in range(CODE_BITS)]
    return rows


def _words(ids: NDArray[np.integer]) -> NDArray[np.uint8]:
    places = np.arange(MARK_ID_BITS - 1, -1, -1)
    bits = (ids[:, None] >> places & 1).astype(np.float32)
    return np.asarray((bits @ _rows().astype(np.float32)) % 2, np.uint8)


@cache
def _codebook() -> NDArray[np.float32]:
    """Every code word (65536, 63) as ±1; made once, 16 MB."""
    return _words(np.arange(1 << MARK_ID_BITS)).astype(np.float32) * 2 - 1
