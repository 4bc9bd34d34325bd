"""TIFF files of other samples than unsigned ones of 8 bits, which tifffile reads."""

from __future__ import annotations

import logging
import math
import zlib
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from explorer.photos.depth import BLACK_IS_ZERO, RGB, WHITE_IS_ZERO, bands
from explorer.photos.formats.frame import Rare
from explorer.photos.formats.tags import ORIENTATION

