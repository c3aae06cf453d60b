"""The last touch on every frame: the push of the camera, fades, vignette and grain, and the way to YUV."""

from __future__ import annotations

import cv2
import numpy as np

from matinee.simulation.paint import Picture


def zoomed(frame: Picture, zoom: float) -> Picture:
    """The middle of the frame, enlarged by `zoom`."""
    if zoom < 1.0005:
        return frame
    rows, columns = frame.shape[:2]
    move = np.array([[zoom, 0, (1 - zoom) * columns / 2], [0, zoom, (1 - zoom) * rows / 2]], np.float32)
    wide = cv2.cvtColor(frame, cv2.COLOR_BGR2BGRA)  # OpenCV's four-channel warp is four times as fast as its three
    return np.asarray(cv2.cvtColor(cv2.warpAffine(wide, move, (columns, rows)), cv2.COLOR_BGRA2BGR), np.uint8)


class Finish:
    """Vignette and film grain for one film; works on the luma of planar YUV (BT.601, limited range)."""

    def __init__(
        self, width: int, height: int, rng: np.random.Generator, *, grain: float = 1.4, vignette: float = 0.32
    ) -> None:
        self._size = height, width
        y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
        fall = np.clip((np.hypot(x * 0.85, y * 0.8) - 0.45) / 0.75, 0, 1) ** 1.6 * vignette
        self._keep = np.round(255 * (1 - fall)).astype(np.uint8)
        self._lift = np.round(16 * fall).astype(np.uint8)
        noise = rng.standard_normal((height + 96, width + 96), dtype=np.float32)
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.6), np.float32)
        self._grain = np.clip(noise / noise.std() * grain + 128.5, 0, 255).astype(np.uint8)
        self._shifts = rng.integers(0, 96, (997, 2))

    def __call__(self, frame: Picture, number: int, fade: float = 1.0) -> Picture:
        """The finished frame as I420: height * 3 / 2 rows by width."""
        if fade < 0.999:
            frame = np.asarray(cv2.convertScaleAbs(frame, alpha=max(0.0, fade)), np.uint8)
        planes = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420), np.uint8)
        luma = planes[: self._size[0]]
        cv2.multiply(luma, self._keep, dst=luma, scale=1 / 255)
        cv2.add(luma, self._lift, dst=luma)
        row, column = self._shifts[number % 997]
        grain = self._grain[row : row + self._size[0], column : column + self._size[1]]
        strength = 0.25 + 0.75 * max(0.0, fade)
        cv2.addWeighted(luma, 1, grain, strength, -128 * strength, dst=luma)
        return planes
