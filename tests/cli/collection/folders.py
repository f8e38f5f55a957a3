"""What lies in a folder after a run."""

import json


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def tree(folder):
    """Every file; of records all but what depends on the clock."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "run.json"):
        name, data = path.relative_to(folder).as_posix(), path.read_bytes()
        if path.suffix in (".json", ".jsonl") and ".igcli" not in name:
            data = [{k: v for k, v in json.loads(line).items() if k != "timing"} for line in _documents(data)]
        found[name] = data
    return found


def _documents(data):
    text = data.decode()
    return [text] if text.startswith("{\n") else text.splitlines()
