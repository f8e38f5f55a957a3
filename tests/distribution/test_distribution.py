"""What is published: the metadata, the long description, the files of the distributions, the workflows."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version

import pytest
from distribution.json_promise import SCHEMA, broken
from distribution.lowest import lowest


@pytest.fixture(scope="module")
def project(root) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_nothing_in_the_long_description_depends_on_where_it_is_shown(root, project):
    text = (root / project["readme"]).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)|(?:src|href)=[\"']([^\"']+)", text)
    assert links
    assert all("".join(each).startswith("https://") for each in links)
    assert "![" not in text
    extras = re.search(r"Extras: (.+?)\.\n", text, re.DOTALL)[1]
    assert set(re.findall(r"`(\w+)`", extras)) == set(project["optional-dependencies"])


def test_the_changes_are_headed_by_the_version_and_the_older_ones_follow(root, project):
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\d+\.\d+\.\d+)(?: \(\d{4}-\d{2}-\d{2}\))?$", text, re.MULTILINE)
    assert versions[0] == project["version"]
    numbers = [tuple(map(int, version.split("."))) for version in versions]
    assert numbers == sorted(set(numbers), reverse=True)
    headings = set(re.findall(r"^## (.+)$", text, re.MULTILINE))
    assert len(headings - {"Unreleased"}) == len(versions)


def test_the_version_is_in_one_place(root, project):
    assert "version" not in project.get("dynamic", [])
    assert "__version__ =" not in (root / "igcli" / "__init__.py").read_text(encoding="utf-8")
    assert project["version"] not in (root / "CITATION.cff").read_text(encoding="utf-8")


def test_the_lowest_versions_are_those_that_are_written():
    assert lowest(["torch>=2.6", "click>=8.2.1"]) == ["torch==2.6", "click==8.2.1"]
    with pytest.raises(AssertionError, match="name>=version"):
        lowest(["torch~=2.6"])


def test_every_dependency_has_a_lowest_version(project):
    assert len(lowest(project["dependencies"])) == len(project["dependencies"])


def test_the_source_distribution_takes_in_all_that_git_has(root, project):
    if not (root / ".git").exists():
        pytest.skip("this is no clone")
    done = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True)
    tops = {name.partition("/")[0] for name in done.stdout.splitlines()}
    by_setuptools = {"MANIFEST.in", "pyproject.toml", "igcli", *project["license-files"]}
    assert tops - by_setuptools <= set((root / "MANIFEST.in").read_text(encoding="utf-8").split())


def test_every_file_that_the_package_reads_is_package_data(root):
    tool = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    declared = {
        path
        for package, patterns in tool["package-data"].items()
        for pattern in patterns
        for path in (root / package.replace(".", "/")).glob(pattern)
    }
    others = {
        path
        for path in (root / "igcli").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and "__pycache__" not in path.parts
    }
    assert others == declared


def test_the_three_papers_are_cited(root, project):
    text = (root / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"arxiv\.org/abs/([\d.]+)", text) == ["1611.02639", "1703.01365", "2010.12697"]
    assert f"license: {project['license']}" in text


def test_the_commands_that_the_pages_name_are_in_the_makefile(root):
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in (root / ".github").rglob("*.*"):
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"(?:^|[`:] ?)make ((?:[a-z-]+ ?)+)", text, re.MULTILINE)
        assert {target for each in named for target in each.split()} <= targets | {"if", "a"}, page


@pytest.fixture(scope="module")
def read_yaml(root):
    yaml = pytest.importorskip("yaml", reason="needs a reader of YAML")
    return lambda name: yaml.safe_load((root / name).read_text(encoding="utf-8"))


def test_the_workflows_lint_test_and_try_the_wheel_with_the_oldest_and_the_newest(read_yaml, project):
    jobs = read_yaml(".github/workflows/checks.yml")["jobs"]
    tested = {(each["python"], each["dependencies"]) for each in jobs["tests"]["strategy"]["matrix"]["include"]}
    said = {each.rpartition(" ")[2] for each in project["classifiers"] if re.search(r":: 3\.\d+$", each)}
    assert {(python, "newest") for python in said} | {("3.11", "oldest")} <= tested
    assert jobs["wheel"]["strategy"]["matrix"]["dependencies"] == ["oldest", "newest"]
    release = read_yaml(".github/workflows/release.yml")
    assert release[True]["push"]["tags"] == ["v*"]  # YAML 1.1 reads "on" as true
    assert release["jobs"]["publish"]["needs"] == "checks"
    assert release["jobs"]["checks"]["needs"] == "version"
    assert release["permissions"] == {"contents": "read"}


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", ".github/workflows/*.yml"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/[!c]*.yml"),
        ("github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
        ("dependabot", ".github/dependabot.yml"),
        ("citation-file-format", "CITATION.cff"),
    ],
)
def test_what_other_programs_read_keeps_to_their_schemas(root, schema, files):
    if tuple(map(int, version("click").split(".")[:2])) < (8, 4):
        pytest.skip("check-jsonschema 0.38 needs click 8.4, and does not say so")
    pytest.importorskip("check_jsonschema", reason="needs check-jsonschema, which holds the schemas")
    found = sorted(root.glob(files))
    assert found
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *found]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_programs_that_the_workflows_run_are_in_the_distribution(root):
    text = "".join(each.read_text(encoding="utf-8") for each in (root / ".github" / "workflows").iterdir())
    named = set(re.findall(r"python ([\w/]+\.py)", text))
    assert named
    assert all((root / name).is_file() for name in named)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one["properties"].pop("size"), "/photo/size: is gone"),
        (lambda one: one["required"].remove("path"), "/photo: path need not be there any more"),
        (lambda one: one["properties"]["size"].update(type=["integer", "null"]), "/photo/size: may be null now"),
        (
            lambda one: one["properties"]["names"]["items"].update(type="number"),
            "/photo/names/*: may be integer, number",
        ),
    ],
)
def test_a_broken_promise_of_the_json_is_named(change, said):
    photo = {
        "properties": {
            "path": {"type": ["string", "null"]},
            "size": {"type": "integer"},
            "names": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["path"],
    }
    before = {"$defs": {"photo": photo}}
    now = copy.deepcopy(before)
    change(now["$defs"]["photo"])
    (found,) = broken(before, now)
    assert found.startswith(said)


def test_keys_and_kinds_may_be_added_and_types_become_narrower(root):
    before = json.loads((root / SCHEMA).read_text(encoding="utf-8"))
    now = copy.deepcopy(before)
    now["$defs"]["another"] = {"type": "object"}
    now["$defs"]["image"]["properties"]["colour"] = {"type": "string"}
    now["$defs"]["image"]["properties"]["path"]["type"] = "string"
    assert list(broken(before, now)) == []
    assert list(broken(now, before))
