"""How much code one photo passes: traces ``ig explain PHOTO`` and counts functions, files and wrapping objects.

python tests/benchmarks/way_of_a_photo.py sample_images/motorcycle.jpg [--list]

Counted from the moment the command's body begins: distinct functions of igcli that are called, the files that they are
in, and the classes of igcli whose instances hold the photo (its path, its pixels, or another such instance).
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from click.testing import CliRunner

import igcli
from igcli.cli.main import ig

PACKAGE = str(Path(igcli.__file__).parent)


class Tracer:
    """What is called between the command's body and its end."""

    def __init__(self, photo: Path) -> None:
        self.functions: set[tuple[str, str, int]] = set()
        self.wrappings: dict[str, int] = {}  # class name to how many instances hold the photo
        self._photo, self._holders = photo, {}
        self._begun = False

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE):
            self._begun = self._begun or (code.co_name == "explain" and code.co_filename.endswith("cli/explain.py"))
            if self._begun and not code.co_name.startswith("<"):  # comprehensions and lambdas belong to their function
                self.functions.add((code.co_filename, code.co_qualname, code.co_firstlineno))
        if event == "return" and self._begun and code.co_name == "__init__":
            self._made(frame.f_locals.get("self"))

    def _made(self, made: Any) -> None:
        kind = type(made)
        if not kind.__module__.startswith("igcli.") or not any(map(self._holds, _values(made))):
            return
        self._holders[id(made)] = made  # kept, so that no other object gets its id
        name = f"{kind.__module__}.{kind.__qualname__}"
        self.wrappings[name] = self.wrappings.get(name, 0) + 1

    def _holds(self, value: Any) -> bool:
        if id(value) in self._holders or (isinstance(value, (str, Path)) and str(value) == str(self._photo)):
            return True
        return isinstance(value, (tuple, list)) and any(id(each) in self._holders for each in value[:8])


def _values(made: Any) -> Iterable[Any]:
    own = getattr(made, "__dict__", {})
    slots = (getattr(made, name, None) for name in getattr(type(made), "__slots__", ()))
    return [*own.values(), *slots]


def main() -> None:
    photo = Path(sys.argv[1])
    tracer = Tracer(photo)
    with tempfile.TemporaryDirectory() as folder:
        threading.setprofile(tracer)
        sys.setprofile(tracer)
        try:
            arguments = ["explain", str(photo), "-o", folder, "--model", "caltech101", "--steps", "auto"]
            result = CliRunner().invoke(ig, arguments)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
    if result.exit_code:
        sys.exit(result.output)
    files = {file for file, _, _ in tracer.functions}
    print(f"{len(tracer.functions)} functions in {len(files)} files; {len(tracer.wrappings)} classes hold the photo")
    if "--list" in sys.argv:
        print("\n".join(f"{name}: {count}" for name, count in sorted(tracer.wrappings.items())))
        rooms: dict[str, int] = {}
        for file in files:
            room = Path(file).relative_to(PACKAGE).parts[0]
            rooms[room] = rooms.get(room, 0) + 1
        print(rooms)
        for file, name, line in sorted(tracer.functions, key=lambda each: (each[0], each[2])):
            print(f"{Path(file).relative_to(PACKAGE)}:{line} {name}")


if __name__ == "__main__":
    main()
