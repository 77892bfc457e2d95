"""The damage that `benchmarks/mark.py` does to clips: each attack takes frames and gives frames (H, W, 3) uint8 RGB."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import av
import cv2
import numpy as np

Frames = list[np.ndarray]
Attack = Callable[[Frames], Frames]


def even(frames: Frames) -> Frames:
    """Encoders want even sides."""
    height, width = (side // 2 * 2 for side in frames[0].shape[:2])
    return [np.ascontiguousarray(frame[:height, :width]) for frame in frames]


def encode(frames: Frames, codec: str = "libx264", rate: int = 25, **options: str) -> Frames:
    """The frames after an encoder; options are the encoder's own."""
    frames, file = even(frames), io.BytesIO()
    container = {"libvpx-vp9": "webm", "gif": "gif"}.get(codec, "mp4")
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode())
    file.seek(0)
    with av.open(file) as video:
        return [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]


def each(change: Callable[[np.ndarray], np.ndarray], crf: int | None = 23) -> Attack:
    """A change of every frame, then H.264 as a player or a network would (crf None: the bare change)."""

    def attack(frames: Frames) -> Frames:
        changed = [np.asarray(change(frame), np.uint8) for frame in frames]
        return changed if crf is None else encode(changed, crf=str(crf))

    return attack


def resized(frame: np.ndarray, factor: float) -> np.ndarray:
    return cv2.resize(frame, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def cropped(frame: np.ndarray, share: float) -> np.ndarray:
    """`share` of the width and of the height are cut away, two thirds of it left and on top."""
    height, width = frame.shape[:2]
    top, left = int(height * share * 2 / 3), int(width * share * 2 / 3)
    return frame[top : top + int(height * (1 - share)), left : left + int(width * (1 - share))]


def turned(frame: np.ndarray, angle_deg: float) -> np.ndarray:
    height, width = frame.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    return cv2.warpAffine(frame, matrix, (width, height))


def gamma(frame: np.ndarray, exponent: float) -> np.ndarray:
    return cv2.LUT(frame, np.rint(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8))


def noisy(frame: np.ndarray, deviation: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, deviation, frame.shape)
    return np.clip(np.rint(frame + noise), 0, 255)


def lettered(frame: np.ndarray) -> np.ndarray:
    scale = frame.shape[1] / 300
    frame = cv2.rectangle(frame.copy(), (0, 0), (frame.shape[1], int(28 * scale)), (20, 20, 20), -1)
    return cv2.putText(frame, "OVERLAY TEXT", (10, int(22 * scale)), 0, scale * 0.8, (255, 255, 255), 3)


def boxed(frame: np.ndarray) -> np.ndarray:
    """Bars left and right until the picture is 16:9."""
    height, width = frame.shape[:2]
    bar = max(0, (height * 16 // 9 - width) // 2)
    return cv2.copyMakeBorder(frame, 0, 0, bar, bar, cv2.BORDER_CONSTANT)


def screen(frame: np.ndarray) -> np.ndarray:
    """A screen record: scaled by 1.37, with a player's bars and a dark desk around, slightly brighter."""
    larger = cv2.resize(frame, None, fx=1.37, fy=1.37, interpolation=cv2.INTER_LINEAR)
    framed = cv2.copyMakeBorder(larger, 60, 90, 35, 20, cv2.BORDER_CONSTANT, value=(40, 40, 44))
    return cv2.convertScaleAbs(framed, alpha=0.96, beta=6)


def camera(frame: np.ndarray) -> np.ndarray:
    """A screen photographed by hand: turned by 2°, slight perspective, out of focus, gamma, noise, JPEG 80."""
    height, width = frame.shape[:2]
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    seen = np.float32([[0.06, 0.05], [0.955, 0.075], [0.945, 0.96], [0.05, 0.945]]) * (width, height)
    picture = cv2.warpPerspective(frame, cv2.getPerspectiveTransform(corners, seen.astype(np.float32)), (width, height))
    picture = gamma(cv2.GaussianBlur(picture, (0, 0), 0.9), 1.15)
    data = cv2.imencode(".jpg", noisy(picture, 4).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def one_jpeg(frames: Frames, quality: int) -> Frames:
    data = cv2.imencode(".jpg", frames[len(frames) // 2], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return [np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))]


def small_and_encoded(factor: float, crf: int) -> Attack:
    return each(lambda frame: resized(frame, factor), crf)


QUIET = {"x265-params": "log-level=error"}

ATTACKS: dict[str, Attack] = {
    "none": lambda frames: frames,
    **{f"H.264 crf {crf}": partial(encode, crf=str(crf)) for crf in (18, 23, 28, 32, 34, 36)},
    **{f"H.265 crf {crf}": partial(encode, codec="libx265", crf=str(crf), preset="fast", **QUIET) for crf in (28, 34)},
    **{f"VP9 crf {crf}": partial(encode, codec="libvpx-vp9", crf=str(crf), b="0") for crf in (33, 45)},
    **{f"AV1 crf {crf}": partial(encode, codec="libsvtav1", crf=str(crf), preset="9") for crf in (35, 50)},
    "size 75 %, crf 23": small_and_encoded(0.75, 23),
    "size 50 %, crf 23": small_and_encoded(0.5, 23),
    "size 50 %, crf 28": small_and_encoded(0.5, 28),
    "size 25 %, crf 23": small_and_encoded(0.25, 23),
    **{f"cut {share:.0%} a side, crf 23": each(partial(cropped, share=share)) for share in (0.05, 0.1, 0.2, 0.5)},
    **{f"turned {angle}°, crf 23": each(partial(turned, angle_deg=angle)) for angle in (0.5, 1, 2, 3, 5)},
    "mirrored, crf 23": each(lambda frame: frame[:, ::-1]),
    "letterbox 16:9, crf 23": each(boxed),
    "text over it, crf 23": each(lettered),
    "brightness +20 %, crf 23": each(lambda frame: cv2.convertScaleAbs(frame, alpha=1.2)),
    "brightness −20 %, crf 23": each(lambda frame: cv2.convertScaleAbs(frame, alpha=0.8)),
    "gamma 1.5, crf 23": each(partial(gamma, exponent=1.5)),
    "gamma 0.7, crf 23": each(partial(gamma, exponent=0.7)),
    "blur σ 1 px, crf 23": each(lambda frame: cv2.GaussianBlur(frame, (0, 0), 1.0)),
    "blur σ 2 px, crf 23": each(lambda frame: cv2.GaussianBlur(frame, (0, 0), 2.0)),
    "noise σ 10, crf 23": each(partial(noisy, deviation=10)),
    "every 3rd frame dropped, crf 23": lambda f: encode([x for i, x in enumerate(f) if i % 3], crf="23"),
    "half speed, crf 23": lambda frames: encode([frame for frame in frames for _ in range(2)], crf="23"),
    "screen record, crf 26": each(screen, 26),
    "GIF of 256 colours": lambda frames: encode([resized(frame, 0.75) for frame in frames], codec="gif", rate=10),
    "one frame, JPEG 70": partial(one_jpeg, quality=70),
    "one frame, screen photographed": lambda frames: [camera(frames[len(frames) // 2])],
}
