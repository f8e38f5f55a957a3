"""A user's own code: factories of small networks, as files in a folder."""

from __future__ import annotations

CODE = '''
"""A user's own networks."""
import torch
from torch import nn
from collections import namedtuple

from neighbour import WIDTH  # a module in the same folder


class Small(nn.Module):
    """Convolution, batch norm, dropout, and view(), which minds the order of memory."""

    def __init__(self, channels=3, classes=5, width=WIDTH, wrap=None):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(channels, width, 3), nn.BatchNorm2d(width), nn.ReLU(inplace=True))
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4 * width, classes)
        self.wrap = wrap

    def forward(self, x):
        x = self.pool(self.features(x))
        x = self.head(self.drop(x.view(x.size(0), -1)))
        if self.wrap == "dict":
            return {"features": x, "logits": x}
        return x


def grey():
    torch.manual_seed(0)
    return Small(channels=1, classes=5)


def binary():
    torch.manual_seed(0)
    return Small(classes=1)


def tags():
    torch.manual_seed(0)
    return Small(classes=4)


def in_a_dict():
    torch.manual_seed(0)
    return Small(wrap="dict")


def features():
    return nn.Conv2d(3, 4, 3)


def with_features():
    class Both(Small):
        def forward(self, x):
            h = self.pool(self.features(x)).flatten(1)
            return h, self.head(h)
    torch.manual_seed(0)
    return Both()


def nothing():
    return None


def fails(depth):
    raise RuntimeError("no such depth")


def forgetful():
    class Forgets(Small):
        def forward(self, x):
            return nn.functional.dropout(super().forward(x))  # in training for ever
    return Forgets()


def without_gradient():
    class Decides(Small):
        def forward(self, x):
            with torch.no_grad():
                return super().forward(x)
    return Decides()


ready = Small()
number = 3
'''
