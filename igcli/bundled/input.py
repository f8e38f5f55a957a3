"""What the bundled network was trained to see; read by its training script and by whoever loads it.

Constants alone, so that reading them imports nothing.
"""

from __future__ import annotations

# ImageNet's statistics, as torchvision's own networks use them: the two models then differ in weights alone.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

RESIZE = 224
"""The shorter side before the crop, in pixels: as much as is kept, so that only the longer side's ends are lost."""

SIZE = 224
"""The side of the square in the middle that the network gets, in pixels."""
