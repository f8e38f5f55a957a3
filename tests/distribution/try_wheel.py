"""A wheel in an empty environment, without the source tree: every command once, and what it writes.

python tests/distribution/try_wheel.py dist/*.whl [--lowest] [--installed]

``--lowest`` installs the lowest versions of its dependencies; ``--installed`` downloads none, and takes those of the
Python that runs this.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lowest import ROOT, lowest

ON_SAMPLE = "--sample coffee --model caltech101 --device cpu"

#: What is typed, and the files that it must have written.
TRIED = (
    ("explain --sample coffee --model caltech101", ("out/coffee.integrated.png", "out/coffee.json")),
    (f"explain {ON_SAMPLE} --panel --full-size --save-arrays --steps 8 -o more", ("more/coffee.panel.png",)),
    (f"animate {ON_SAMPLE} --frames 4 --sheet -o film", ("film/coffee.interior.gif", "film/coffee.sheet.png")),
    (f"saturation {ON_SAMPLE} --points 5 -o curves", ("curves/saturation.png",)),
    (f"compare {ON_SAMPLE} --method gradient --method integrated -o sheet", ("sheet/coffee.compare.png",)),
    (f"ablate {ON_SAMPLE} --top 5 --steps 8 -o parts", ("parts/coffee.ablate.png",)),
    (f"report {ON_SAMPLE} --method integrated --method gradient -o page.html", ("page.html",)),
    (f"evaluate {ON_SAMPLE} --method integrated --metric deletion --steps 8 -o scores", ("scores/evaluation.json",)),
    ("check --model caltech101 --device cpu --method gradient --steps 4", ()),
    ("text 'the government has spent more' --target than --report -o words", ("words/report.html",)),
    ("models", ()),
    ("models show caltech101", ()),
    ("models describe caltech101 --device cpu --save mine.toml", ("mine.toml",)),
    ("weights path googlenet", ()),
    ("plugins", ()),
    ("help explain", ()),
    ("explain --help-all", ()),
    ("--help", ()),
)

#: Commands that fetch something, or ask for what was fetched.
NEED_A_NETWORK = {"weights fetch", "weights verify"}

COMMANDS = """
from igcli.cli.main import ig
import click
def named(group, path=""):
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from named(command, f"{path}{name} ")
            else:
                yield path + name
print(*named(ig), sep="\\n")
"""

PYTHON = """
import igcli, importlib.resources, json, pathlib, sys
assert pathlib.Path(igcli.__file__).is_relative_to(sys.prefix), igcli.__file__
assert all(getattr(igcli, name) for name in igcli.__all__)
schema = importlib.resources.files("igcli.jobs.outputs").joinpath("record.schema.json")
assert json.loads(schema.read_text())["title"] == "igcli/1"
assert importlib.resources.files("igcli").joinpath("py.typed").is_file()
assert importlib.resources.files("igcli.cli").joinpath("REFERENCE.md").is_file()
print(igcli.__version__)
"""


class Trial:
    """An environment and an empty folder to work in."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "env" / "bin"
        self.work = folder / "work"
        self.work.mkdir()
        venv.create(folder / "env", with_pip=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "IGCLI_"))}
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        self.environment = kept | {"PATH": path, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}

    def run(self, command: str | list[str], *, status: tuple[int, ...] = (0,)) -> str:
        """What a command prints; ends the trial where its status is another."""
        shown = command if isinstance(command, str) else " ".join(command[:4])
        print(f"$ {shown.strip().splitlines()[0]}", flush=True)
        done = subprocess.run(
            command,
            shell=isinstance(command, str),
            cwd=self.work,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in status or "Traceback" in done.stderr:
            sys.exit(f"status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def python(self, code: str) -> str:
        """What a program prints."""
        return self.run([str(self.bin / "python"), "-c", code])

    def install(self, wheel: Path, *, oldest: bool, installed: bool) -> None:
        """Install the wheel, and what it needs."""
        constraints = self.work.parent / "constraints.txt"
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        constraints.write_text("\n".join(lowest(project["dependencies"]) if oldest else []))
        pip = [str(self.bin / "python"), "-m", "pip", "install", "--quiet"]
        if installed:
            pip.append("--no-deps")
            places = self.python("import site; print(site.getsitepackages()[0])").strip()
            Path(places, "elsewhere.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
        self.run([*pip, str(wheel.resolve()), "-c", str(constraints)])


def main() -> None:
    """Try the wheel that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--lowest", action="store_true")
    parser.add_argument("--installed", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder))
        trial.install(given.wheel, oldest=given.lowest, installed=given.installed)
        version = trial.python(PYTHON).strip()
        assert given.wheel.name.startswith(f"igcli-{version}-"), version
        assert version in trial.run("ig --version")
        with ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(trial.run, [f"ig {arguments}" for arguments, _ in TRIED]))
        empty = [name for _, files in TRIED for name in files if not (trial.work / name).stat().st_size]
        assert not empty, empty
        said = trial.run('ig molecule "CCO" --device cpu -o atoms', status=(0, 1, 2))
        assert (trial.work / "atoms").exists() or 'pip install "igcli[molecules]"' in said, said
        _check_files(trial.work)
        tried = {*NEED_A_NETWORK, "molecule"}
        named = trial.python(COMMANDS).split("\n")
        left_out = [name for name in named if name and not any(_is_of(name, each) for each, _ in TRIED)]
        assert set(left_out) <= tried, f"not tried: {set(left_out) - tried}"
    print(f"{given.wheel.name} works.")


def _is_of(name: str, arguments: str) -> bool:
    return f"{arguments} ".startswith(f"{name} ")


def _check_files(folder: Path) -> None:
    """The record says what it should, and the pages are whole: nothing is loaded from elsewhere."""
    record = json.loads((folder / "out" / "coffee.json").read_text(encoding="utf-8"))
    assert record["schema"] == "igcli/1"
    (result,) = record["results"]
    assert abs(result["completeness"]["relative_gap"]) < 0.01, result
    for name in ("page.html", "words/report.html"):
        page = (folder / name).read_text(encoding="utf-8")
        assert page.rstrip().endswith("</html>")
        assert "<style" in page
        assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page), name
    assert "<script" in (folder / "page.html").read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
