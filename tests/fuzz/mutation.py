"""Ways to damage a file; the same dice give the same damage."""

from __future__ import annotations

import random

EXTREMES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\1")


def mutated(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """`data` with 1 to 8 kinds of damage, half of them in its first 512 bytes; `other` is another seed to splice in."""
    out = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        if not out:
            break
        at = dice.randrange(min(len(out), 512) if dice.random() < 0.5 else len(out))
        length = min(len(out) - at, 2 ** dice.randint(0, 7))
        match dice.randrange(8):
            case 0:
                out[at] ^= 1 << dice.randrange(8)
            case 1:
                out[at] = dice.randrange(256)
            case 2:
                value = dice.choice(EXTREMES)
                out[at : at + len(value)] = value
            case 3:
                out[at : at + length] = dice.randbytes(length)
            case 4:
                del out[at : at + length]
            case 5:
                out[at:at] = out[at : at + length] * dice.randint(1, 4)
            case 6:
                start = dice.randrange(len(other))
                out[at : at + length] = other[start : start + length]
            case _:
                if dice.random() < 0.2:
                    del out[at:]
    return bytes(out)
