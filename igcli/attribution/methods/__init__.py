"""The attribution methods, one small file each. Importing this package fills the registry."""

from igcli.attribution.methods import (
    decision,
    deconvolution,
    deep_lift,
    grad_cam,
    gradient,
    guided_backprop,
    guided_integrated,
    input_x_gradient,
    integrated,
    lrp,
    occlusion,
    smooth_gradient,
    split,
)
from igcli.attribution.methods.method import METHODS, Method, OwnPath, Question

__all__ = ["METHODS", "Method", "OwnPath", "Question"]

del decision, gradient, guided_integrated, input_x_gradient, integrated, smooth_gradient, split
del deconvolution, deep_lift, grad_cam, guided_backprop, lrp, occlusion
