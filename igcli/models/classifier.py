"""The Classifier: a Model of pictures, with its view and its normalisation, callable on pixels in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from igcli.errors import UsageError
from igcli.images.baseline_folder import read_baseline_folder
from igcli.images.baselines import read_baseline
from igcli.images.extent import Extent
from igcli.images.options import View
from igcli.images.picture import Picture
from igcli.images.reading import read_image
from igcli.images.references import reference_files
from igcli.images.source import Found
from igcli.lazy import torch
from igcli.models.batching import synthetic_pictures
from igcli.models.engine.rewritable import Fingerprint, has_hooks, may_be_rewritten
from igcli.models.model import Model, Provenance
from igcli.models.spec import warn_python
from igcli.sample import Sample

OWN_NETWORK = "Your own network becomes igcli.Classifier(network, labels, view=igcli.View(224), mean=(...), std=(...))."


@dataclass(frozen=True)
class _Faster:
    """What takes a network's place as long as it is in the state ``origin``: it rewritten, and compiled."""

    origin: tuple[object, ...]
    rewritten: torch.nn.Module | None  # takes pixels, and normalises them itself
    compiled: torch.nn.Module | None = None  # takes what the rewritten one takes, else what the network does


class Classifier(Model):
    """A network that takes pixels in [0, 1] and returns logits; normalisation happens inside.

    Parameters
    ----------
    network
        Any module from normalised images (N, C, H, W) to logits (N, K), alone or as
        :func:`~igcli.models.outputs.logits_of` finds them.
    labels, provenance, caveat, multi_label, ends_in_softmax, ends_in_sigmoid, regression
        As for :class:`~igcli.models.model.Model`.
    view
        The input the network was trained on.
    mean, std
        Per channel, in pixel units [0, 1].
    """

    unit: ClassVar[str] = "pixels"

    def __init__(
        self,
        network: torch.nn.Module,
        labels: Sequence[str],
        *,
        view: View | None = None,
        mean: tuple[float, ...] = (0.0,),
        std: tuple[float, ...] = (1.0,),
        provenance: Provenance | None = None,
        caveat: str = "",
        multi_label: bool = False,
        ends_in_softmax: bool = False,
        ends_in_sigmoid: bool = False,
        regression: bool = False,
    ) -> None:
        super().__init__(
            network,
            labels,
            provenance=provenance,
            caveat=caveat,
            multi_label=multi_label,
            ends_in_softmax=ends_in_softmax,
            ends_in_sigmoid=ends_in_sigmoid,
            regression=regression,
        )
        self.view = view or View()
        self.mean, self.std = mean, std
        self._takes_pixels = False  # whether the network normalises them itself
        self._faster: _Faster | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_faster": None}  # copies, here or in another process, make their own

    @property
    def preparation(self) -> dict[str, Any]:
        """What its outputs depend on besides network and weights, as plain data for records."""
        return {**asdict(self.view), "mean": list(self.mean), "std": list(self.std), **super().preparation}

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Of the pixels (C, H, W)."""
        return (self.view.channels, self.view.height, self.view.width)

    @property
    def input_size(self) -> Extent:
        """The side of the square input, or its (width, height), in pixels."""
        return self.view.size

    @property
    def memory_format(self) -> torch.memory_format:
        """Channels last: pixels are read and written faster if the network has the same order."""
        return torch.channels_last

    def check(self, sample: object) -> None:
        """Raise ``UsageError`` if the sample is not a picture for this model."""
        if not isinstance(sample, Picture):
            raise UsageError(f"A picture is what read_image() makes of a file, not {sample!r:.60}.")
        pixels = sample.pixels
        if pixels.ndim != 3 or not pixels.is_floating_point():
            shape = " x ".join(map(str, pixels.shape))
            raise UsageError(
                f"A picture is channels x height x width in floating point, not {shape} in {pixels.dtype}."
            )
        if len(pixels) != len(self.mean) > 1:  # they would be repeated in silence
            raise UsageError(f"The model takes pictures of {len(self.mean)} channels, not {len(pixels)}.")
        if bool((pixels.abs() > 16).any()):  # noise, and toys with a path of their own, may well exceed 1
            raise UsageError("Pixels are in [0, 1]: divide those of 8 bits by 255.")

    @property
    def neutral(self) -> tuple[float, ...] | None:
        """The normalisation's mean, in pixel units."""
        return self.mean if any(self.mean) else None

    def read(self, found: Any, *, fit: str | None, options: Any) -> Picture:
        """The picture in a file that was found, in this model's view; ``options`` are :class:`ReadOptions`."""
        return read_image(found, view=self.view, fit=fit or self.view.fit, options=options)

    def baselines_from(self, path: Path, sample: Sample, *, seed: int = 0) -> Sequence[torch.Tensor]:
        """The pixels (C, H, W) of a file, brought to the size of a picture; or those of a folder's pictures."""
        if not isinstance(sample, Picture):
            return super().baselines_from(path, sample, seed=seed)
        if path.is_dir():
            return read_baseline_folder(path, sample, self.view, seed=seed)
        return [read_baseline(path, sample, self.view)]

    @property
    def value_range(self) -> tuple[float, float]:
        """Of pixels."""
        return 0.0, 1.0

    def reference_files(self, folder: str) -> list[Found]:
        """The pictures in a folder and its sub-folders."""
        return reference_files(folder)

    def find_batching(self) -> None:
        """Try the network on synthetic pictures of the view, unless its batching is known."""
        self.try_batching(synthetic_pictures(*self.input_shape))

    def two_different(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Two synthetic pictures of the same shape."""
        return (synthetic_pictures(*inputs[0].shape[1:]),)

    def optimised(self, *, compiled: bool = True) -> Self:
        """The same classifier over an equivalent network that is faster (equal to rounding), or the classifier itself.

        Made once, and again when parameters, buffers or modules' settings change, as far as
        :class:`~igcli.models.engine.rewritable.Fingerprint` notices: not through ``.data``. Returns the classifier
        itself for networks that have hooks, cannot be traced, or contain modules of other libraries than torch,
        torchvision and timm, unless they were compiled. Layers are renamed or removed: use it for logits and gradients
        only.
        """
        _ = self.batching  # the copy shares what is known of it
        rewritable = may_be_rewritten(self.network)
        if not rewritable and (self._faster is None or has_hooks(self.network)):
            return self
        faster = self._current(rewritable=rewritable)
        network = (faster.compiled if compiled else None) or faster.rewritten
        if network is None:
            return self
        other = copy(self)
        other.network, other._takes_pixels = network, faster.rewritten is not None
        return other

    def compile(self, *, warn: Callable[[str], None] = warn_python) -> None:
        """Compile the network with :func:`torch.compile`, now, for logits and gradients but for the smallest batches.

        It takes a minute or more, and pays off in long runs on networks that it makes faster. Results differ by
        rounding. It holds until the network changes, and not for copies of the classifier. Gradients of several classes
        at once, layers, and methods that look inside the network use it as it is. Where it cannot be compiled, or
        returns other numbers then, ``warn`` is called with the reason, and nothing changes.
        """
        from igcli.models.engine.compiled import compiled  # loads torch and its compiler

        faster = self._current(rewritable=may_be_rewritten(self.network))
        if faster.compiled is None:
            self._faster = replace(faster, compiled=compiled(self.optimised(), warn=warn))

    def _current(self, *, rewritable: bool) -> _Faster:
        """What takes the place of the network as it is now."""
        from igcli.models.engine.optimised import optimised  # loads torch

        origin = Fingerprint(self.network), self.mean, self.std
        if self._faster is None or self._faster.origin != origin:
            mean, std = (torch.tensor(v, device=self.device, dtype=self.dtype) for v in (self.mean, self.std))
            self._faster = _Faster(origin, optimised(self.network, mean=mean, std=std) if rewritable else None)
        return self._faster

    def prepared(self, inputs: tuple[Any, ...], network: Callable[..., object]) -> tuple[Any, ...]:
        """Pixels (N, C, H, W) normalised, unless the network does that itself, in the order that it expects."""
        (pixels,) = inputs
        normalised = pixels
        if not (self._takes_pixels and network is self.network):
            mean, std = (
                torch.tensor(v, device=pixels.device, dtype=pixels.dtype)[:, None, None] for v in (self.mean, self.std)
            )
            normalised = (pixels - mean) / std
        return (normalised if self._channels_last else in_usual_order(normalised),)

    def recognised(self, outputs: torch.Tensor) -> Self:
        """The same classifier, or one over the same network that treats its outputs as probabilities."""
        other = super().recognised(outputs)
        other._faster = self._faster
        return other

    @property
    def _channels_last(self) -> bool:
        """Whether the network's convolutions are stored in channels-last order, which its input should have too."""
        kernels = (parameter for parameter in self.network.parameters() if parameter.ndim == 4)
        formats = ((k.is_contiguous(memory_format=torch.channels_last), k.is_contiguous()) for k in kernels)
        return next((last for last, usual in formats if last != usual), False)


def in_usual_order(pixels: torch.Tensor) -> torch.Tensor:
    """Pixels (N, C, H, W) in contiguous memory, which networks need that reshape activations with ``view``."""
    if pixels.shape[1] > 1:
        return pixels.contiguous()
    # one channel is contiguous in either order, but convolutions go by the strides
    return pixels.clone(memory_format=torch.contiguous_format)
