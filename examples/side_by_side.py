"""Driver beside result, as a strip of stills and as a short animation:

    python examples/side_by_side.py PHOTO DRIVER OUT CONSENT

OUT gets the endings .mp4 (the animation), .jpg (photo, then driver above result at eight moments) and .webp (the two
side by side, moving). CONSENT is a basis as for `mimica animate`.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import mimica
from mimica.media import load_photo, open_video

SIZE_PX, STILLS, EVERY = 256, 8, 2


def square(image: np.ndarray) -> np.ndarray:
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return cv2.resize(image[top : top + side, left : left + side], (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)


def heading(text: str) -> np.ndarray:
    """A white tile that names what stands right of it."""
    tile = Image.new("RGB", (SIZE_PX, SIZE_PX), "white")
    ImageDraw.Draw(tile).text((SIZE_PX / 2, SIZE_PX / 2), text, "black", ImageFont.load_default(30), anchor="mm")
    return np.asarray(tile)


def main(photo: str, driver: str, out: str, consent: str) -> None:
    video = Path(out).with_suffix(".mp4")
    mimica.animate(photo, driver, video, consent=consent)
    with open_video(driver) as reader:
        seen = [(square(frame.image), frame.time) for frame in reader]
    with open_video(video) as reader:
        made = {frame.index: square(frame.image) for frame in reader if frame.index % EVERY == 0}
    actor = [image for image, _ in seen]
    moments = [EVERY * round(i / EVERY) for i in np.linspace(0, max(made), STILLS)]
    first = np.vstack([heading("the actor"), square(load_photo(photo).image)])
    strip = np.hstack([first, *(np.vstack([actor[index], made[index]]) for index in moments)])
    Image.fromarray(strip).save(Path(out).with_suffix(".jpg"), quality=88)
    frames = [Image.fromarray(np.hstack([actor[index], image])) for index, image in made.items()]
    pause_ms = round(1000 * EVERY * float(seen[-1][1] - seen[0][1]) / max(1, len(actor) - 1))
    frames[0].save(
        Path(out).with_suffix(".webp"), save_all=True, append_images=frames[1:], duration=pause_ms, loop=0, quality=55
    )


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except mimica.MimicaError as error:
        sys.exit(f"{error}")
