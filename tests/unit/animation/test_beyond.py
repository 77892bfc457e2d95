import numpy as np

from mimica.animation.beyond import MARGIN, MIRRORED, ContinuedImage

FACE_PX = 100.0


def grid(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.stack(np.meshgrid(x, y), -1).astype(np.float32)


def test_inside_the_picture_is_the_picture() -> None:
    image = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    continued = ContinuedImage.of(image, FACE_PX)
    np.testing.assert_array_equal(continued.look_up(grid(np.arange(80), np.arange(60)))[..., :3], image)


def test_a_mirror_image_near_the_edge_and_none_far_from_it() -> None:
    image = np.full((120, 80, 3), 100, np.uint8)
    image[2] = 200  # a line just inside the edge shows again just outside
    image[30:40] = 250  # an eye further in must not
    continued = ContinuedImage.of(image, FACE_PX)
    assert MIRRORED[0] * FACE_PX >= 2
    assert continued.look_up(grid(np.array([40]), np.array([-2])))[0, 0, 0] == 200
    above = continued.look_up(grid(np.array([40]), -np.arange(MIRRORED[1] * FACE_PX, MARGIN * FACE_PX)))[..., :3]
    assert above.max() < 150


def test_colours_go_on_beyond_the_margin() -> None:
    image = np.zeros((40, 40, 3), np.uint8)
    image[..., 1] = 77
    far = ContinuedImage.of(image, FACE_PX).look_up(grid(np.array([-500, 900]), np.array([-500, 900])))
    assert (far == [0, 77, 0, 255]).all()
