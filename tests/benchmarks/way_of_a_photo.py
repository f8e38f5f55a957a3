"""How much code one photo passes: traces ``ig explain`` and counts functions, files and wrapping objects.

python tests/benchmarks/way_of_a_photo.py sample_images/motorcycle.jpg [--list]

Two counts. The whole run over one photo, from the moment the command's body begins: distinct functions of igcli that
are called, the files that they are in, and the classes of igcli whose instances hold the photo (its path, its pixels,
or another such instance). And what a further photo of a collection passes, without what is done once per run, such as
loading the network.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from click.testing import CliRunner

import igcli
from igcli.cli.main import ig

PACKAGE = str(Path(igcli.__file__).parent)


class Tracer:
    """What is called from the ``start``-th call of a function to the end, or the first call of ``end``.

    ``start`` and ``end`` are names of files and functions: ``"cli/explain.py:explain"``.
    """

    def __init__(self, photo: Path, start: str, *, nth: int = 1, end: str = "") -> None:
        self.functions: set[tuple[str, str, int]] = set()
        self.wrappings: Counter[str] = Counter()  # of each class, the instances that hold the photo
        self._photo, self._holders = photo, {}
        self._start, self._left, self._end, self._on = start, nth, end, False

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE):
            name = f"{code.co_filename[len(PACKAGE) + 1 :]}:{code.co_qualname}"
            self._left -= name == self._start
            self._on = self._left <= 0 and name != self._end and (self._on or name == self._start)
            if self._on and not code.co_name.startswith("<"):  # comprehensions and lambdas belong to their function
                self.functions.add((code.co_filename, code.co_qualname, code.co_firstlineno))
        if event == "return" and self._on and code.co_name == "__init__":
            self._made(frame.f_locals.get("self"))

    @property
    def files(self) -> set[str]:
        return {file for file, _, _ in self.functions}

    def _made(self, made: Any) -> None:
        kind = type(made)
        if not kind.__module__.startswith("igcli.") or not any(map(self._holds, _values(made))):
            return
        self._holders[id(made)] = made  # kept, so that no other object gets its id
        self.wrappings[f"{kind.__module__}.{kind.__qualname__}"] += 1

    def _holds(self, value: Any) -> bool:
        if id(value) in self._holders or (isinstance(value, (str, Path)) and str(value) == str(self._photo)):
            return True
        return isinstance(value, (tuple, list)) and any(id(each) in self._holders for each in value[:8])


def _values(made: Any) -> Iterable[Any]:
    own = getattr(made, "__dict__", {})
    slots = (getattr(made, name, None) for name in getattr(type(made), "__slots__", ()))
    return [*own.values(), *slots]


def traced(tracer: Tracer, *arguments: str) -> Tracer:
    """The tracer after ``ig explain`` with these arguments on the bundled network."""
    with tempfile.TemporaryDirectory() as folder:
        threading.setprofile(tracer)
        sys.setprofile(tracer)
        try:
            result = CliRunner().invoke(ig, ["explain", *arguments, "-o", folder, "--model", "caltech101"])
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
    if result.exit_code:
        sys.exit(result.output)
    return tracer


def main() -> None:
    photo = Path(sys.argv[1])
    whole = traced(Tracer(photo, "cli/explain.py:explain"), str(photo))
    classes = len(whole.wrappings)
    print(f"{len(whole.functions)} functions in {len(whole.files)} files; {classes} classes hold the photo")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"copy{photo.suffix}"
        shutil.copy(photo, copy)
        tracer = Tracer(copy, "jobs/pipeline.py:_read", nth=2, end="jobs/runs/run.py:Run._finish")
        further = traced(tracer, str(photo), str(copy), "--batch-size", "1", "--workers", "0")
    print(f"a further photo of a collection: {len(further.functions)} functions in {len(further.files)} files")
    if "--list" in sys.argv:
        print("\n".join(f"{name}: {count}" for name, count in sorted(whole.wrappings.items())))
        print(dict(Counter(Path(file).relative_to(PACKAGE).parts[0] for file in whole.files)))
        for file, name, line in sorted(whole.functions, key=lambda each: (each[0], each[2])):
            mark = "*" if (file, name, line) in further.functions else " "
            print(f"{mark} {Path(file).relative_to(PACKAGE)}:{line} {name}")


if __name__ == "__main__":
    main()
