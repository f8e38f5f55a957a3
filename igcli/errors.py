"""Everything that can be a user's problem rather than a bug.

Each message is one or two plain sentences: what is wrong, then what to do next. The command line prints the message
alone; anything that is not an :class:`IgError` is a bug and shows its traceback. ``exit_status`` is the status a
command ends with when the error is not confined to one input.
"""

from __future__ import annotations

import re


class IgError(Exception):
    """Base of all errors that igcli raises on purpose."""

    exit_status = 1


def first_line(problem: BaseException) -> str:
    """The first line of what a stranger's exception says, where it says anything."""
    return next(iter(str(problem).strip().splitlines()), "")


def remedy_of(message: str, *, about: str = "") -> tuple[str, str]:
    """A message in two: what is wrong, and what to do about it; ``about`` is a name in it that is not looked into."""
    _, name, rest = message.rpartition(about) if about and about in message else ("", "", message)
    head = message[: len(message) - len(rest)] if name else ""
    reason, mark, remedy = _BREAK.split(rest, maxsplit=1) if _BREAK.search(rest) else (rest, "", "")
    return (head + reason + mark.strip()).rstrip(";:. "), remedy[:1].upper() + remedy[1:]


#: Where a message turns to what can be done: after its first clause, outside brackets.
_BREAK = re.compile(r"([.;:])\s+(?![^()]*\))")


class UsageError(IgError, ValueError):
    """What was asked for cannot be: an unknown name, options that exclude each other."""

    exit_status = 2

    @classmethod
    def without_gradient(cls) -> UsageError:
        """For a network whose answer cannot be differentiated by its input."""
        return cls(
            "The network's answer has no gradient (it runs under no_grad, detaches its input, is quantised, or ends in "
            "argmax or rounding), and ig explains by gradients: give a network that can be differentiated."
        )


class LabelError(UsageError):
    """No class has this name or index, or several have."""


class ImageError(IgError):
    """A picture that cannot be read, or that is refused."""


class InputError(IgError):
    """An entry of a list, such as a text or a molecule, that cannot be read, or that is refused."""


class WeightsError(IgError):
    """Weights that are missing, damaged, unsafe or made for another network."""


class NetworkUnavailable(WeightsError):
    """Weights that would have to be downloaded, and could not be."""


class NetworkError(IgError):
    """The network's own code raised something."""

    @classmethod
    def backward(cls, problem: Exception) -> NetworkError:
        """For what the network raised when its gradient by the input was taken."""
        said = first_line(problem)
        if "checkpoint" in said.lower() and ".grad()" in said:
            return cls(
                "The network recomputes its activations in a way that no gradient by its input passes: call "
                "torch.utils.checkpoint.checkpoint with use_reentrant=False there, or switch checkpointing off."
            )
        if "appears to not have been used in the graph" in said:
            return cls(str(UsageError.without_gradient()))
        return cls(
            f"The network raised {type(problem).__name__}{f' ({said})' if said else ''} when its gradient by the input "
            "was taken, and ig explains by gradients: give a network that can be differentiated as a whole; --debug "
            "shows where it was raised."
        )


class NumericalError(IgError):
    """Logits or gradients that are not finite."""

    @classmethod
    def on_the_path(cls, what: str = "logits", where: str = "along the path") -> NumericalError:
        """For numbers between the ends; those at the ends were checked before."""
        return cls(
            f"The network's {what} are not finite {where}: nothing was drawn. Check the weights; in a network of your "
            "own look for a division, logarithm or root of 0; leave --precision out."
        )


class OutOfMemory(IgError):
    """Not even one path point fits the device's memory."""


class OutputError(IgError):
    """The output folder cannot be written to, or the disk is full."""


class Occupied(IgError):
    """A file of this name is there already, and is not one that may be replaced."""
