"""The hub of Hugging Face, played by a server on this machine: what is asked of it, and that --offline asks nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("transformers", reason="needs igcli[hf]")

CODE = """
import json, sys
import igcli
from igcli.errors import IgError
from igcli.text.loading import TextModelChoice, load_text_model

said = []
for name in json.loads(sys.argv[1]):
    kind, _, model = name.partition(" ")
    try:
        if kind == "text":
            load_text_model(TextModelChoice(model, offline=OFFLINE))
        else:
            igcli.load_model(model, device="cpu", offline=OFFLINE)
        said.append([name, ""])
    except IgError as problem:
        said.append([name, f"{type(problem).__name__}: {problem}"])
print(json.dumps(said))
"""


def asked(names: list[str], address: str, home: Path, *, offline: bool) -> dict[str, str]:
    """What each load says, in a process whose hub is the server at ``address``: it is read when it is imported."""
    own = {"HF_ENDPOINT": address, "HF_HOME": str(home), "TORCH_HOME": str(home), "NO_PROXY": "127.0.0.1"}
    code = CODE.replace("OFFLINE", str(offline))
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(names)],
        env={**os.environ, **own, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout))


def test_offline_nothing_is_asked_and_the_next_step_is_said(server, tmp_path: Path) -> None:
    pytest.importorskip("timm", reason="needs igcli[timm]")
    names = ["photo hf:some/vit", "photo timm:resnet10t", "photo timm:hf-hub:some/net", "text hf:some/bert"]
    said = asked(names, server.address, tmp_path, offline=True)
    assert server.asked == []
    for name, sentence in said.items():
        assert sentence.startswith("NetworkUnavailable: "), name
        assert "downloads are off" in sentence, name


def test_online_the_hub_is_asked_and_what_it_does_not_have_is_a_sentence(server, tmp_path: Path) -> None:
    said = asked(["photo hf:some/vit"], server.address, tmp_path, offline=False)
    assert any("some/vit" in path for path in server.asked)
    assert "could not be fetched" in said["photo hf:some/vit"]
    assert "hf download some/vit --local-dir FOLDER" in said["photo hf:some/vit"]
