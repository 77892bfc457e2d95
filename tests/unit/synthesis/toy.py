"""A head small enough to test with: an ellipsoid with slits for mouth and eyes, in the rig's own layout and scale."""

from __future__ import annotations

import cv2
import numpy as np

from mimica.synthesis import correspondence as marks
from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.camera import CROP_SIZE, euler_to_matrix, project
from mimica.synthesis.correspondence import Correspondence
from mimica.synthesis.fitted import FittedPortrait
from mimica.synthesis.rig import Rig

COLUMNS, ROWS = 65, 85
NAMES = (
    "browDown_L",
    "browDown_R",
    "eyeBlink_L",
    "eyeBlink_R",
    "eyeLookDown_L",
    "eyeLookDown_R",
    "jawOpen",
    "mouthSmile_L",
    "mouthSmile_R",
)
EYE_X, EYE_Y, MOUTH_Y = 3.2, 3.2, -3.6
EYE_WIDTH, MOUTH_WIDTH, LIP_GAP, LID_GAP = 1.5, 2.4, 0.15, 0.6


def skin_z(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Depth of the ellipsoid over its silhouette, cm."""
    return 11.5 * np.sqrt(np.clip(1 - (x / 10.5) ** 2 - ((y + 1) / 15) ** 2, 0, 1))


def _grid(columns: int, rows: int, offset: int) -> np.ndarray:
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    a = (row * columns + column + offset).ravel()
    return np.concatenate([np.stack([a, a + 1, a + columns], 1), np.stack([a + 1, a + columns + 1, a + columns], 1)])


def _patch(
    width: float, height: float, centre: tuple[float, float, float], columns: int = 6, rows: int = 5
) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(-width, width, columns), np.linspace(-height, height, rows))
    return np.stack([x.ravel() + centre[0], y.ravel() + centre[1], np.full(x.size, centre[2])], 1)


def _slit(x: np.ndarray, y: np.ndarray, centre: tuple[float, float], width: float, gap: float) -> np.ndarray:
    """Signed opening of a slit at (x, y): positive above its middle line, growing to half the gap."""
    inside = np.clip(1 - ((x - centre[0]) / width) ** 2, 0, 1)
    return np.sign(y - centre[1]) * inside * gap / 2 * np.exp(-np.abs(y - centre[1]))


def make_rig() -> Rig:
    """About 6,000 vertices; the parts and expressions that the data engine asks for."""
    x, y = (a.ravel() for a in np.meshgrid(np.linspace(-9, 9, COLUMNS), np.linspace(-13.1, 10.1, ROWS)))
    face = np.stack([x, y, skin_z(x, y)], 1)
    slits = [(0.0, MOUTH_Y, MOUTH_WIDTH), (EYE_X, EYE_Y, EYE_WIDTH), (-EYE_X, EYE_Y, EYE_WIDTH)]
    triangles = _grid(COLUMNS, ROWS, 0)
    middle = face[triangles].mean(1)
    step = 23.2 / (ROWS - 1)
    for slit_x, slit_y, width in slits:
        triangles = triangles[
            ~((np.abs(middle[:, 0] - slit_x) < width) & (np.abs(middle[:, 1] - slit_y) < 0.75 * step))
        ]
        middle = face[triangles].mean(1)
    parts, groups, faces = {}, [face], [triangles]
    count = len(face)
    parts["face"], parts["narrow_face"] = (0, count), (0, count)
    sizes = (
        ("head", 3.0, 3.0, (0, 6, -6)), ("mouth_socket", 3.0, 2.8, (0, MOUTH_Y, 4.0)),
        ("eye_sockets", 5.5, 1.4, (0, EYE_Y, 6.0)),
        ("gums", 2.0, 0.4, (0, MOUTH_Y + 1.2, 8.0)), ("upper_teeth", 1.9, 0.45, (0, MOUTH_Y + 0.6, 9.0)),
        ("lower_teeth", 1.9, 0.45, (0, MOUTH_Y - 0.6, 9.0)),
    )  # fmt: skip
    for name, width, height, centre in sizes:
        patch = _patch(width, height, centre)
        parts[name] = (count, count + len(patch))
        faces.append(_grid(6, 5, count))
        groups.append(patch)
        count += len(patch)
    parts["upper_incisors"] = parts["upper_teeth"]
    for name, side in (("left_eye", 1), ("right_eye", -1)):
        turn, tilt = (a.ravel() for a in np.meshgrid(np.linspace(0, 2 * np.pi, 10), np.linspace(-1.4, 1.4, 12)))
        ball = 1.3 * np.stack([np.cos(tilt) * np.cos(turn), np.sin(tilt), np.cos(tilt) * np.sin(turn)], 1)
        parts[name] = (count, count + len(ball))
        groups.append(ball + np.array([side * EYE_X, EYE_Y, skin_z(np.array(EYE_X), np.array(EYE_Y)) - 1.1]))
        count += len(ball)
    for name, side in (("left_eye_blend", 1), ("right_eye_blend", -1)):
        parts[name] = (count, count + 4)
        groups.append(np.tile([side * EYE_X, EYE_Y, 8.0], (4, 1)))
        count += 4
    neutral = np.concatenate(groups)
    neutral[: len(face), 1] += _slit(x, y, (0, MOUTH_Y), MOUTH_WIDTH, LIP_GAP)
    for side in (-1, 1):
        neutral[: len(face), 1] += _slit(x, y, (side * EYE_X, EYE_Y), EYE_WIDTH, LID_GAP)
    expression = _expressions(neutral, x, y, parts)
    rng = np.random.default_rng(0)
    identity = np.zeros((6, len(neutral), 3))
    for mode in range(6):
        axis, wave = mode % 3, rng.uniform(0.1, 0.25, 3)
        identity[mode, :, axis] = 0.25 * np.cos(neutral @ wave + mode)
    landmarks = tuple(int(np.argmin(((neutral[: len(face)] - p) ** 2).sum(1))) for p in _places_68())
    return Rig(neutral.astype(np.float32), expression.astype(np.float32), NAMES, np.concatenate(faces).astype(np.int32),
               identity.astype(np.float32), parts, landmarks)  # fmt: skip


def _expressions(neutral: np.ndarray, x: np.ndarray, y: np.ndarray, parts: dict[str, tuple[int, int]]) -> np.ndarray:
    out = np.zeros((len(NAMES), len(neutral), 3))
    faces = len(x)
    jaw = (y < MOUTH_Y) * np.clip(1.2 - (x / 7) ** 2, 0, 1)
    corner = np.clip(1 - ((np.abs(x) - MOUTH_WIDTH) / MOUTH_WIDTH) ** 2, 0, 1)
    jaw = np.where(
        np.abs(y - MOUTH_Y) < 2, jaw * np.clip(1 - (x / MOUTH_WIDTH) ** 2, 0, 1) + (y < MOUTH_Y - 1) * 0.3, jaw
    )
    out[NAMES.index("jawOpen"), :faces, 1] = -2.0 * jaw
    for name in ("lower_teeth",):
        out[NAMES.index("jawOpen"), slice(*parts[name]), 1] = -2.0
    for side, sign in (("L", 1), ("R", -1)):
        over = np.clip(1 - ((x - sign * EYE_X) / EYE_WIDTH) ** 2, 0, 1) * (y > EYE_Y) * np.exp(-((y - EYE_Y) ** 2))
        out[NAMES.index(f"eyeBlink_{side}"), :faces, 1] = -LID_GAP * over
        out[NAMES.index(f"eyeLookDown_{side}"), :faces, 1] = -0.3 * LID_GAP * over
        brow = np.exp(-(((x - sign * EYE_X) / 2) ** 2) - ((y - EYE_Y - 2.2) / 0.8) ** 2)
        out[NAMES.index(f"browDown_{side}"), :faces, 1] = -0.6 * brow
        smile = corner * (np.sign(x) == sign) * np.exp(-((y - MOUTH_Y) ** 2))
        out[NAMES.index(f"mouthSmile_{side}"), :faces] = np.stack([0.5 * sign * smile, 0.7 * smile, -0.3 * smile], 1)
    return out


def _on_skin(x: float, y: float) -> list[float]:
    return [x, y, float(skin_z(np.array(x), np.array(y)))]


def _ring(centre: tuple[float, float], width: float, gap: float, count: int, start_sign: int) -> list[list[float]]:
    """Points around a slit, from one corner over its upper edge to the other and back below."""
    half = count // 2
    out = []
    for k in range(count):
        upper, share = k <= half, (k if k <= half else count - k) / half
        x = centre[0] + start_sign * width * (1 - 2 * share)
        opening = gap / 2 * np.sin(np.pi * share) + 1e-3
        out.append(_on_skin(x, centre[1] + (opening if upper else -opening)))
    return out


def _mediapipe_places() -> np.ndarray:
    rng = np.random.default_rng(1)
    places = np.array([_on_skin(*rng.uniform((-6, -9), (6, 7))) for _ in range(468)])
    oval = np.linspace(0, 2 * np.pi, len(marks.FACE_OVAL), endpoint=False)
    places[list(marks.FACE_OVAL)] = [_on_skin(6.8 * np.sin(t), -1.2 + 9.2 * np.cos(t)) for t in oval]
    rings = (
        (marks.RIGHT_EYE, (-EYE_X, EYE_Y), EYE_WIDTH, 0.56 + LID_GAP, -1),
        (marks.LEFT_EYE, (EYE_X, EYE_Y), EYE_WIDTH, 0.56 + LID_GAP, 1),
        (marks.LIP_OUTER, (0, MOUTH_Y), MOUTH_WIDTH + 0.3, 1.6, -1),
        (marks.LIP_INNER, (0, MOUTH_Y), MOUTH_WIDTH, 0.5, -1),
    )  # fmt: skip
    for ring, centre, width, gap, sign in rings:
        places[list(ring)] = _ring(centre, width, gap, len(ring), sign)
    return places


def _places_68() -> np.ndarray:
    return _mediapipe_places()[list(marks.MEDIAPIPE_68)]


def make_atlas() -> HeadAtlas:
    rig = make_rig()
    faces = rig.parts["face"][1]
    used = np.unique(rig.triangles("face"))
    used = used[used < faces]
    places = _mediapipe_places()
    vertex = np.array([used[np.argmin(((rig.neutral[used] - place) ** 2).sum(1))] for place in places])
    weight = np.ones(468)
    weight[list(marks.FACE_OVAL)] = 0.25
    return HeadAtlas(rig, Correspondence(vertex.astype(np.int64), weight))


def photo_of(key: str) -> np.ndarray:
    """A smooth colourful picture, with skin-like brightness everywhere."""
    rng = np.random.default_rng(sum(map(ord, key)))
    noise = cv2.resize(
        rng.uniform(90, 220, (12, 12, 3)).astype(np.float32), (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_CUBIC
    )
    return np.clip(noise, 0, 255).astype(np.uint8)


def make_fitted(atlas: HeadAtlas, key: str = "a", yaw_deg: float = 4.0) -> FittedPortrait:
    """The toy head in front of the camera, with landmarks where its vertices project."""
    rig = atlas.rig
    rotation, translation = euler_to_matrix(yaw_deg, 2.0, 0.0), np.array([0.0, 0.5, -85.0])
    shape = rig.neutral + 0.5 * rig.identity[len(key) % 6]
    points = shape @ rotation.T + translation
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[:468, :2] = project(points[atlas.correspondence.vertex])
    eyes = []
    for side, (iris, ring) in enumerate((marks.LEFT_IRIS, marks.RIGHT_IRIS)):
        centre = shape[atlas.eye_part(side)].mean(0)
        eyes.append(np.r_[centre, 1.3, 0.0, 0.0, 1.0, 0.55])
        front = (centre + np.array([0, 0, 1.3])) @ rotation.T + translation
        landmarks[iris, :2] = project(front[None])[0]
        landmarks[list(ring), :2] = landmarks[iris, :2] + [[9, 0], [0, 9], [-9, 0], [0, -9]]
    matte = np.zeros((CROP_SIZE, CROP_SIZE), np.uint8)
    cv2.ellipse(matte, ((256.0, 240.0), (330.0, 400.0), 0.0), 255, -1)
    cv2.rectangle(matte, (120, 400), (400, 512), 255, -1)
    as_float = [np.asarray(a, np.float32) for a in (shape, np.zeros(len(NAMES)), rotation, translation, np.stack(eyes))]
    return FittedPortrait(key, photo_of(key), landmarks, matte, *as_float, source="toy", licence="CC0-1.0")
