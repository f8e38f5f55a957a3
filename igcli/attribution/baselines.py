"""Where the path starts: the values that stand for "nothing to see"; and noise, as a start or on copies of a sample.

A baseline is a function of a sample's values and a seed; it returns values of the same shape. Those that are registered
here serve values of any shape; samples of one kind may have more (``igcli/images/baselines.py``). Several, joined by
``+``, are averaged over: ``black+white+noise:8``. Where a folder or a list is among them, all are references of a mean
that is estimated from samples (:mod:`igcli.attribution.reference_path`).
"""

from __future__ import annotations

from pathlib import Path

from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.models.model import Model
from igcli.sample import BASELINES, FROM_NEUTRAL, KINDS, WRITTEN_BASELINES, Baseline, Sample, WrittenBaseline

#: Between baselines that are averaged over.
JOINT = "+"

# The copies' seeds lie far from those of noise baselines, so that the two kinds of noise are not the same numbers.
# Within 32 bits: of a longer seed, the generator drops the rest.
_APART, _SEEDS = 0x9E3779B9, 1 << 32

#: Endings of files that list many samples.
LISTS = frozenset({".txt", ".csv", ".tsv", ".smi", ".smiles", ".sdf", ".gz"})

#: What values that are not colours call the same.
SYNONYMS = {"zero": "black", "one": "white"}


@BASELINES("black", summary="all pixels 0, as in the paper")
def black(values: torch.Tensor, seed: int) -> torch.Tensor:  # noqa: ARG001
    """All values 0: of pixels no light at all, not normalised 0 (which would be the training set's mean grey)."""
    return torch.zeros_like(values)


@BASELINES("white", summary="all pixels 1")
def white(values: torch.Tensor, seed: int) -> torch.Tensor:  # noqa: ARG001
    """All values 1: of pixels full light."""
    return torch.ones_like(values)


@BASELINES("noise", summary="uniform noise, the same for the same seed")
def noise(values: torch.Tensor, seed: int) -> torch.Tensor:
    """Every value drawn from [0, 1) by its own generator: the global one is not used."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(values.shape, generator=generator, dtype=torch.float32).to(values)


def all_baselines(spec: str, sample: Sample, *, model: Model | None = None, seed: int = 0) -> list[torch.Tensor]:
    """Every baseline that ``spec`` names, each as one tensor (:attr:`~igcli.sample.Sample.packed`).

    Parameters
    ----------
    spec
        One baseline, or several joined by ``+``. ``noise:8`` is noise of the eight seeds from ``seed`` on. A folder or
        a list is every sample in it that is not the sample itself.
    model
        Whose samples files are read as.

    Raises
    ------
    UsageError, ImageError
        As :func:`baseline_values` does; for a number of copies of a baseline that has but one; for a folder in which
        there is no other sample.
    """
    found: list[torch.Tensor] = []
    for part in split_baselines(spec):
        if model is not None and holds_many(part):
            found += _references(part, sample, model, seed)
            continue
        name, count = _counted(part)
        found += [baseline_values(name, sample, model=model, seed=seed + copy) for copy in range(count)]
    return found


def _references(folder: str, sample: Sample, model: Model, seed: int) -> list[torch.Tensor]:
    values = sample.packed
    references = model.baselines_from(Path(folder), sample, seed=seed)
    if any(each.shape != values.shape for each in references):
        raise UsageError(f"The baselines in {folder} cannot be brought to the shape of {sample.name}.")
    others = [each for each in references if not torch.equal(each, values)]
    if not others:
        raise UsageError(f"The baseline {folder} has only {sample.name} itself: name one with others in it.")
    return others


def split_baselines(spec: str) -> list[str]:
    """The parts of ``spec`` that are joined by ``+``; a file or folder whose name has a ``+`` is one part."""
    if Path(spec).exists():
        return [spec]
    return list(dict.fromkeys(spec.split(JOINT)))


def count_baselines(spec: str) -> int:
    """How many paths start from the baselines that ``spec`` names: one each, or one from all of a mean over samples."""
    return 1 if names_references(spec) else sum(count for _, count in map(_counted, split_baselines(spec)))


def names_references(spec: str) -> bool:
    """Whether a folder or a list is among the baselines, which are references then."""
    return any(map(holds_many, split_baselines(spec)))


def holds_many(part: str) -> bool:
    """Whether one baseline is a folder of samples, or a file that lists them."""
    return is_folder(part) or is_list(part)


def is_list(part: str) -> bool:
    """Whether one baseline is a file that lists samples."""
    named = SYNONYMS.get(part, part) in BASELINES
    return not named and Path(part).suffix.lower() in LISTS and Path(part).is_file()


def is_folder(part: str) -> bool:
    """Whether one baseline is a folder of samples."""
    return SYNONYMS.get(part, part) not in BASELINES and Path(part).is_dir()


def check_baselines(spec: str, *, model: Model) -> None:
    """Raise ``UsageError`` for what could never be a baseline, or not with this model, before any sample is read."""
    for part in split_baselines(spec):
        name, _ = _counted(part)
        if model.knows_baseline(name):
            continue
        if not Path(name).exists() or SYNONYMS.get(name, name) in BASELINES:
            check_registered(name, model)


def baseline_values(spec: str, sample: Sample, *, model: Model | None = None, seed: int = 0) -> torch.Tensor:
    """The baseline that ``spec`` names, as one tensor: a registered name, a written value, or a file's path.

    Raises
    ------
    UsageError
        When ``spec`` is none of these, or samples of this kind cannot start from it.
    ImageError
        When the file cannot be read.
    """
    name = SYNONYMS.get(spec, spec)
    if model is not None and model.knows_baseline(name):
        return model.own_baseline(name, sample)
    if name not in BASELINES and Path(spec).is_file() and model is not None:
        return model.baselines_from(Path(spec), sample)[0]
    written = _written(name)
    kind = written.kind if written is not None else KINDS.get(_registered(name))
    if kind not in (None, sample.kind):
        able = ", ".join(other for other in BASELINES if KINDS.get(BASELINES[other], sample.kind) == sample.kind)
        raise UsageError(f"The baseline {spec!r} is made of a {kind}, which {sample.name} is not. Choose from: {able}.")
    return registered_values(name, sample.packed, model=model, seed=seed)


def registered_values(name: str, values: torch.Tensor, *, model: Model | None = None, seed: int = 0) -> torch.Tensor:
    """The baseline of a registered name or a written value for a tensor; raises as :func:`check_registered` does."""
    check_registered(name, model)
    if (written := _written(name)) is not None:
        return written.make(values, written.parse(name.removeprefix(written.prefix)))
    baseline = BASELINES[SYNONYMS.get(name, name)]
    own = () if model is None or baseline not in FROM_NEUTRAL else (model.neutral,)
    return baseline(values, seed, *own)


def check_registered(name: str, model: Model | None) -> None:
    """Raise ``UsageError`` for what is neither a registered name nor a written value that can be.

    Also where the baseline needs a neutral value that the model lacks.
    """
    if (written := _written(name)) is not None:
        written.parse(name.removeprefix(written.prefix))
    elif _registered(name) in FROM_NEUTRAL and (model is None or model.neutral is None):
        raise UsageError(
            f"{name!r} is the mean that a model's normalisation subtracts, and this model has none: give --mean and "
            "--std, or choose black or mean."
        )


def noisy_copy(sample: Sample, copy: int, *, seed: int, sigma: float) -> torch.Tensor:
    """The sample's packed values plus Gaussian noise, to average maps over (Smilkov et al. 2017, arXiv 1706.03825).

    Not clipped, so that the mean of many copies is the sample.

    Parameters
    ----------
    copy
        Which one, from 0 on: each has its own noise, whatever the number of copies.
    seed
        The noise depends on it and on ``copy`` alone; the global generator is not used.
    sigma
        The standard deviation, as a share of the sample's own range, max − min; of each of its tensors.
    """
    layout, values = sample.layout, sample.packed
    generator = torch.Generator().manual_seed((seed + copy + _APART) % _SEEDS)
    drawn = torch.randn(values.shape, generator=generator, dtype=torch.float32).to(values)
    ranges = [(part.max() - part.min()).expand(part.shape[1:]) for part in layout.unpack(values[None])]
    return values + sigma * layout.pack(tuple(ranges) if layout.packed else ranges[0]) * drawn


def _counted(spec: str) -> tuple[str, int]:
    """``("noise", 8)`` of ``noise:8``; one of everything else."""
    name, colon, count = spec.rpartition(":")
    if not colon or SYNONYMS.get(name, name) not in BASELINES or _written(spec) is not None:
        return spec, 1
    if name != "noise" or not (count.isdecimal() and 1 <= int(count) <= 1000):
        raise UsageError(f"Only noise can be averaged over several seeds, as in noise:8; not {spec!r}.")
    return name, int(count)


def _written(name: str) -> WrittenBaseline | None:
    """The kind of baseline that a value is written out of, where ``name`` is one."""
    return next((each for each in WRITTEN_BASELINES.values() if name.startswith(each.prefix)), None)


def _registered(name: str) -> Baseline:
    name = SYNONYMS.get(name, name)
    if name not in BASELINES and (Path(name).suffix or "/" in name):
        raise UsageError(
            f"The baseline {name!r} is neither a file, a folder nor one of: {', '.join(baseline_forms())}."
        )
    return BASELINES[name]


def baseline_forms() -> list[str]:
    """What a baseline can be written as, apart from a path: ``black``, ``blur:SIGMA``."""
    return [*BASELINES, *WRITTEN_BASELINES]
