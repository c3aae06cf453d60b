"""Content keys in a folder: who may read them, damage, and disks that refuse."""

import json
import logging
import os
from pathlib import Path

import pytest

from matinee.base.errors import SettingsError, Unavailable
from matinee.base.keys.folder import FolderKeys


@pytest.fixture
def keys(tmp_path: Path) -> FolderKeys:
    return FolderKeys.open("file://keys", tmp_path)


def test_only_the_owner_may_read_them(keys: FolderKeys, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        keys.key("title-1", "video")
    finally:
        os.umask(before)
    found = {str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert found == {"keys": 0o700, "keys/title-1": 0o700, "keys/title-1/video.json": 0o600}


def test_nothing_lies_there_before_the_first_key(keys: FolderKeys, tmp_path: Path) -> None:
    assert keys.keys("title-1") == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"kid": "00"}', '{"kid": "00", "key": "11"}', '{"kid": 1, "key": 2}']
)
def test_a_damaged_key_is_told_and_not_replaced(keys: FolderKeys, damage: str) -> None:
    keys.key("title-1", "video")
    path = keys.folder / "title-1/video.json"
    path.write_text(damage)
    for act in (lambda: keys.key("title-1", "video"), lambda: keys.keys("title-1")):
        with pytest.raises(Unavailable, match="is damaged"):
            act()
    assert path.read_text() == damage


def test_a_message_of_damage_holds_no_key(keys: FolderKeys) -> None:
    secret = keys.key("title-1", "video").key.hex()
    path = keys.folder / "title-1/video.json"
    path.write_text(json.dumps({"kid": "zz", "key": secret}))
    with pytest.raises(Unavailable) as told:
        keys.key("title-1", "video")
    assert secret not in str(told.value)


def test_keys_are_not_logged(keys: FolderKeys, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "matinee"):
        made = keys.key("title-1", "video")
    assert made.key.hex() not in caplog.text


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file")
    with pytest.raises(Unavailable, match="cannot be used"):
        FolderKeys.open("file://keys", tmp_path).key("title-1", "video")


def test_unknown_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="colour"):
        FolderKeys.open("file://keys?colour=red", tmp_path)
