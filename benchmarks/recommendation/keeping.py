"""Measurements that take minutes are kept as they are made: a part that was interrupted goes on where it was.

What was measured counts as long as the code it ran is the same, file by file.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

from benchmarks.recommendation.environments import WORK
from benchmarks.report import Row
from matinee.base.disk import replace_file

DECISIVE = ("matinee.learning.", "matinee.recommendation.methods.")


def kept(part: str, name: str, measure: Callable[[], Iterable[Row]], **asked: object) -> list[Row]:
    """The rows of `measure`, or those it gave before under this name and with the same `asked`."""
    path = WORK / part / f"{quote(name, safe='')}.json"
    if path.exists():
        held = json.loads(path.read_text())
        if held["asked"] == repr(asked) and held["code"] == _hashes(held["code"]):
            print(f"{name}: measured before", flush=True)
            return [Row(**one) for one in held["rows"]]
    rows = list(measure())
    code = _hashes(module.__file__ or "" for one, module in list(sys.modules.items()) if one.startswith(DECISIVE))
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"asked": repr(asked), "code": code, "rows": [asdict(one) for one in rows]}
    replace_file(path, json.dumps(found).encode())
    for row in rows:
        print(f"{row.system} on {row.data}: {row.metric} {row.value:.4f}", flush=True)
    return rows


def _hashes(files: Iterable[str]) -> Mapping[str, str]:
    return {one: hashlib.sha256(Path(one).read_bytes()).hexdigest() for one in files if Path(one).is_file()}
