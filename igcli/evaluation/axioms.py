"""Which axioms a method keeps (arXiv 1703.01365, §2 and §3), tried out on functions small enough to know the answer.

A method that keeps an axiom here may still break it elsewhere; one that breaks it here breaks it. The small networks
have two inputs, which are features: values that count each by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from igcli.attribution.attribute import attribute
from igcli.attribution.budget import Budget
from igcli.errors import IgError
from igcli.lazy import torch
from igcli.models.model import Model
from igcli.registry import Registry
from igcli.sample import Sample

#: Larger differences than this, in relation to the numbers compared, break an axiom.
EXACT = 1e-6
#: What is left to the quadrature, at ``STEPS`` points.
SMALL = 5e-3
STEPS = 400


@dataclass(frozen=True)
class Verdict:
    """Whether a method keeps an axiom (``None``: it cannot be tried), and the numbers that say so."""

    kept: bool | None
    numbers: str


Axiom = Callable[[str], Verdict]
Values = tuple[float, float]
AXIOMS: Registry[Axiom] = Registry("axiom")


def check_axioms(methods: Sequence[str]) -> dict[str, dict[str, Verdict]]:
    """Every axiom tried on every method: method to axiom to verdict."""
    return {method: {name: _tried(axiom, method) for name, axiom in AXIOMS.items()} for method in methods}


def _tried(axiom: Axiom, method: str) -> Verdict:
    try:
        return axiom(method)
    except IgError as error:
        return Verdict(None, str(error))


@AXIOMS("completeness", summary="the map sums to the score's rise")
def completeness(method: str) -> Verdict:
    """A bent score of two inputs, 0 at the baseline."""
    network = _stack(_linear([[1, 2], [2, -1]], [-0.5, 0.25]), _relu(), _linear([[1.5, -1]], [0.0]))
    found = _map(network, (1.0, 0.5), method)
    rise = (network(torch.tensor([[1.0, 0.5]]).double()) - network(torch.zeros(1, 2).double())).item()
    gap = abs(found.sum().item() - rise) / abs(rise)
    return Verdict(gap <= SMALL, f"sum {found.sum().item():.4g} for a rise of {rise:.4g}")


@AXIOMS("sensitivity-a", summary="where one input changes the score, that input gets something")
def sensitivity_a(method: str) -> Verdict:
    """1 − ReLU(1 − x₁) at x₁ = 2 (arXiv 1703.01365, §2.1): flat there, and 1 above the baseline."""
    network = _stack(_linear([[-1, 0]], [1.0]), _relu(), _linear([[-1]], [1.0]))
    found = _map(network, (2.0, 0.0), method)
    return Verdict(abs(found[0].item()) > EXACT, f"x₁ gets {found[0].item():.4g}, the score rises by 1")


@AXIOMS("sensitivity-b", summary="an input that never matters gets nothing")
def sensitivity_b(method: str) -> Verdict:
    """ReLU(x₁ + x₂) − ReLU(x₁ + x₂) + ReLU(x₁): x₂ goes in and cancels."""
    network = _stack(_linear([[1, 1], [1, 1], [1, 0]], [0.0, 0.0, 0.0]), _relu(), _linear([[1, -1, 1]], [0.0]))
    found = _map(network, (1.0, 0.7), method)
    return Verdict(abs(found[1].item()) <= EXACT, f"the dummy gets {found[1].item():.4g}")


@AXIOMS("linearity", summary="the map of 2f − 3g is twice that of f less three times that of g")
def linearity(method: str) -> Verdict:
    """Two bent scores of one network, and their combination as its third output."""
    hidden = _stack(_linear([[1, 2], [2, -1], [-1, 1]], [-0.4, 0.3, 0.2]), _relu())
    both = _linear([[1, -0.5, 0.7], [0.3, 1, -1], [2 - 0.9, -1 - 3, 1.4 + 3]], [0.0, 0.0, 0.0])
    maps = [_map(_stack(hidden, both), (1.0, 0.6), method, target=target) for target in range(3)]
    return _same(maps[2], 2 * maps[0] - 3 * maps[1])


@AXIOMS("symmetry", summary="two inputs that can be exchanged, and are equal, get the same")
def symmetry(method: str) -> Verdict:
    """ReLU(x₁ + x₂ − ½) + ReLU(x₁ − 0.3) + ReLU(x₂ − 0.3) at x₁ = x₂."""
    network = _stack(_linear([[1, 1], [1, 0], [0, 1]], [-0.5, -0.3, -0.3]), _relu(), _linear([[1, 1, 1]], [0.0]))
    found = _map(network, (0.8, 0.8), method)
    return _same(found[:1], found[1:])


@AXIOMS("implementation-invariance", summary="two networks that compute the same function get the same map")
def implementation_invariance(method: str) -> Verdict:
    """Both :data:`PAIRS`; the published values are next to ours.

    Captum's LRP, the ε rule without the biases' share, is input × gradient on networks of ReLUs and keeps the axiom
    there; the paper's variant does not.
    """
    kept, numbers = True, []
    for pair in PAIRS:
        first, second = pair.maps(method)
        kept = kept and bool(_same(first, second).kept)
        known = pair.published.get(method)
        published = f" (published: {' and '.join(map(_shown, known))})" if known else ""
        numbers.append(f"{pair.name} {_shown(first)} and {_shown(second)}{published}")
    return Verdict(kept, "; ".join(numbers))


@AXIOMS("chunk-invariance", summary="the map does not depend on how much goes through the network at once")
def chunk_invariance(method: str) -> Verdict:
    """One path point at a time, and seven."""
    network = _stack(_linear([[1, 2], [2, -1]], [-0.5, 0.25]), _relu(), _linear([[1.5, -1]], [0.0]))
    return _same(*(_map(network, (1.0, 0.5), method, budget=Budget(size)) for size in (1, 7)))


@dataclass(frozen=True)
class Pair:
    """Two networks of two inputs that compute the same function where both inputs are in [0, ``at``].

    Attributes
    ----------
    name
        What they are called in tables.
    networks
        Both, as new networks.
    at
        The input (2,) to explain, from the baseline (0, 0).
    published
        By method, the attributions of both networks at that input, as the paper has them.
    """

    name: str
    networks: Callable[[], tuple[torch.nn.Module, torch.nn.Module]]
    at: tuple[float, float]
    published: Mapping[str, tuple[Values, Values]]

    def maps(self, method: str) -> tuple[torch.Tensor, torch.Tensor]:
        """The method's maps (2,) of both."""
        first, second = (_map(network, self.at, method) for network in self.networks())
        return first, second


def _of_axiomatic_attribution() -> tuple[torch.nn.Module, torch.nn.Module]:
    """The networks f = ReLU(ReLU(x₁) − 1 − ReLU(x₂)) and g = ReLU(ReLU(x₁ − 1) − ReLU(x₂))."""
    f = _stack(_relu(), _linear([[1, -1]], [-1.0]), _relu())
    g = _stack(_linear([[1, 0], [0, 1]], [-1.0, 0.0]), _relu(), _linear([[1, -1]], [0.0]), _relu())
    return f, g


def _of_counterfactuals() -> tuple[torch.nn.Module, torch.nn.Module]:
    """The networks p = ReLU(ReLU(x₁ − ½) + ReLU(x₂) − 1 + u − u) and q = ReLU(x₁ + x₂ − 1½), u = ReLU(¼x₁ − ¼x₂ + 1).

    Equal on [0, 1]²: where x₁ < ½ both are 0. Made to give what Fig. 14 of arXiv 1611.02639 prints; the paper's own
    networks may be others. DeepLIFT and LRP divide the output of p after ½ is taken from x₁. u − u is 0, but methods
    that drop negative signals count its first term.
    """
    hidden = _linear([[1, 0], [0, 1], [0.25, -0.25], [0.25, -0.25]], [-0.5, 0.0, 1.0, 1.0])
    p = _stack(hidden, _relu(), _linear([[1, 1, 1, -1]], [-1.0]), _relu())
    q = _stack(_linear([[1, 1]], [-1.5]), _relu())
    return p, q


_HALVES, _PARTS = (1.5, -0.5), (0.25, 0.25)
#: The pairs of arXiv 1703.01365, Fig. 7, and arXiv 1611.02639, Fig. 14.
PAIRS = (
    Pair(
        "f, g",
        _of_axiomatic_attribution,
        (3.0, 1.0),
        {
            "integrated": (_HALVES, _HALVES),
            "deep-lift": (_HALVES, (2.0, -1.0)),
            "lrp": (_HALVES, (2.0, -1.0)),
        },
    ),
    Pair(
        "p, q",
        _of_counterfactuals,
        (1.0, 1.0),
        {
            "integrated": (_PARTS, _PARTS),
            "deep-lift": ((1 / 6, 1 / 3), _PARTS),
            "lrp": ((1 / 6, 1 / 3), _PARTS),
            "deconvolution": ((1.25, 0.75), (1.0, 1.0)),
            "guided-backprop": ((1.25, 0.75), (1.0, 1.0)),
        },
    ),
)


def _map(
    network: torch.nn.Module,
    inputs: tuple[float, float],
    method: str,
    *,
    target: int = 0,
    budget: Budget | None = None,
) -> torch.Tensor:
    """The method's map (2,) float64 for an output of a network of two inputs, from the baseline (0, 0)."""
    outputs = network(torch.zeros(1, 2).double()).shape[1]
    model = Model(network, [f"output {k}" for k in range(outputs)])
    sample = Sample(torch.tensor(inputs, dtype=torch.float64), name="the two inputs")
    found = attribute(model, sample, method=method, target=target, score="logit", steps=STEPS, budget=budget)
    return found.values.double()


def _same(first: torch.Tensor, second: torch.Tensor) -> Verdict:
    size = max(first.abs().max().item(), second.abs().max().item(), EXACT)
    apart = (first - second).abs().max().item() / size
    return Verdict(apart <= EXACT, f"{_shown(first)} and {_shown(second)}")


def _shown(values: torch.Tensor | Values) -> str:
    return "(" + ", ".join(f"{float(value):.4g}" for value in values) + ")"


def _stack(*layers: torch.nn.Module) -> torch.nn.Module:
    return torch.nn.Sequential(*layers)


def _relu() -> torch.nn.Module:
    return torch.nn.ReLU()


def _linear(weight: Sequence[Sequence[float]], bias: Sequence[float]) -> torch.nn.Module:
    layer = torch.nn.Linear(len(weight[0]), len(weight)).double()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(bias))
    return layer
