"""Conversion of RGB pictures to frames and back, BT.601 limited range. Knows nothing of eyes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from relay.frame import Frame

Picture = NDArray[np.uint8]  # (h, w, 3) RGB


def to_frame(picture: Picture, time: float = 0.0) -> Frame:
    """RGB -> planar YUV 4:2:0. An odd last row or column is cut off."""
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    planes = cv2.cvtColor(np.ascontiguousarray(picture[:height, :width]), cv2.COLOR_RGB2YUV_I420)
    u, v = planes[height:].reshape(2, height // 2, width // 2)
    return Frame(np.asarray(planes[:height], np.uint8), np.asarray(u, np.uint8), np.asarray(v, np.uint8), time)


def to_rgb(frame: Frame) -> Picture:
    """(h, w, 3). The frame's sides are even."""
    packed = np.concatenate([plane.ravel() for plane in frame.planes]).reshape(frame.height * 3 // 2, frame.width)
    return np.asarray(cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_I420), dtype=np.uint8)
