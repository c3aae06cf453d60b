"""The browser libraries: exactly those of the lock file, with their licences, from nowhere that is named."""

from __future__ import annotations

import importlib.util
import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
assert _spec
assert _spec.loader
build = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(build)


def test_the_lock_file_names_no_host() -> None:
    lock = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock, "remove `resolved` and `funding` from package-lock.json: it must serve any registry"
    pinned = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    for version in (pinned["dependencies"] | pinned["devDependencies"]).values():
        assert version[0].isdigit(), f"{version} is not one exact version"


def test_every_library_is_there_with_its_licence() -> None:
    for package, names in build.FILES.items():
        folder = build.VENDOR / package.rpartition("/")[2]
        assert {path.name for path in folder.iterdir()} == {Path(name).name for name in names}
        assert (folder / "LICENSE").stat().st_size > 100


def test_without_the_network_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = subprocess.CompletedProcess([], 1, "npm error code ENOTFOUND\n")
    monkeypatch.setattr(build, "VENDOR", tmp_path / "vendor")
    monkeypatch.setattr(build, "_npm", lambda arguments: refused)
    with pytest.raises(SystemExit) as stopped:
        build.fetch()
    assert "could not be fetched" in str(stopped.value)
    assert "ENOTFOUND" in str(stopped.value)
    assert "python hatch_build.py" in str(stopped.value)
    assert not (tmp_path / "vendor").exists()


def test_what_is_there_is_not_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_npm", lambda arguments: pytest.fail("npm was called"))
    build.fetch()


def test_shaka_packager_is_put_beside_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs, place = tmp_path / "programs", tmp_path / "bin/packager"
    programs.mkdir()
    place.parent.mkdir()
    (programs / "packager-linux-x64").write_bytes(b"the right one")
    (programs / "packager-osx-arm64").write_bytes(b"another")
    monkeypatch.setattr(build, "PACKAGER", programs)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "executable", str(place.with_name("python")))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    build.install_packager()
    assert not place.exists()
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    build.install_packager()
    assert (place.read_bytes(), place.stat().st_mode & 0o777) == (b"the right one", 0o755)
