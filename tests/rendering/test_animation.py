from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from igcli.errors import UsageError
from igcli.rendering.animation import ANIMATIONS, Timing, encode, ending_of, frame_files
from igcli.rendering.frames import Look, draw_frames
