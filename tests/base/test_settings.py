from pathlib import Path

import pytest
from pydantic import Field

from matinee.base.errors import SettingsError
from matinee.base.settings import Table, load


class Colours(Table):
    ground: str = Field("black", description="What lies below.")
    depth: int = Field(8, ge=1, le=16, description="Bits.")
    extra: list[int] = Field(default=[], description="More.")


KINDS = {"colours": Colours}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "matinee.toml"
    path.write_text('[colours]\nground = "red"\ndepth = 10\n')
    return path


def test_later_sources_win(file: Path) -> None:
    def read(environ: dict[str, str], flags: list[str]) -> Colours:
        return load(KINDS, file, environ, flags).table("colours", Colours)

    assert read({}, []) == Colours(ground="red", depth=10)
    assert read({"MATINEE_COLOURS__DEPTH": "12"}, []) == Colours(ground="red", depth=12)
    assert read({"MATINEE_COLOURS__DEPTH": "12"}, ["colours.depth=16"]) == Colours(ground="red", depth=16)
    assert read({"MATINEE_COLOURS__EXTRA": "[1, 2]"}, []).extra == [1, 2]


def test_flags_may_stand_in_a_file(file: Path, tmp_path: Path) -> None:
    flags = tmp_path / "flags"
    flags.write_text("colours.depth=12\n\ncolours.ground=a = b\n")
    found = load(KINDS, file, {}, ["colours.depth=9", f"@{flags}"]).table("colours", Colours)
    assert (found.depth, found.ground) == (12, "a = b")
    with pytest.raises(SettingsError, match="--set @nowhere cannot be read"):
        load(KINDS, file, {}, ["@nowhere"])


def test_workspace_and_agent_are_no_settings(file: Path) -> None:
    names = ("MATINEE_WORKSPACE", "MATINEE_TEST_DATA", "MATINEE_AGENT", "MATINEE_PROGRESS", "MATINEE_STATE", "OTHER")
    load(KINDS, file, dict.fromkeys(names, "/anywhere"))


@pytest.mark.parametrize(
    ("text", "environ", "flags", "said"),
    [
        ("[colors]\n", {}, [], "there is no settings table [colors]. Known tables: colours."),
        ("[colours]\ndeep = 1\n", {}, [], "[colours] has no setting 'deep'. It knows: depth, extra, ground."),
        ("[colours]\ndepth = 99\n", {}, [], "colours.depth = 99 is refused"),
        ("depth = 9\n", {}, [], "'depth' stands outside any table"),
        ("[colours\n", {}, [], "is not valid TOML"),
        ("", {"MATINEE_COLOURS__DEEP": "1"}, [], "environment: [colours] has no setting 'deep'"),
        ("", {"MATINEE_COLOURS": "1"}, [], "MATINEE_COLOURS is not a setting"),
        ("", {"MATINEE_COLOURS__DEPTH": "many"}, [], "environment: colours.depth = 'many' is refused"),
        ("", {}, ["colours.depth"], "'colours.depth' is not a setting"),
        ("", {}, ["depth=1"], "'depth=1' is not a setting"),
        ("", {}, ["colours.deep=1"], "flags: [colours] has no setting 'deep'"),
    ],
)
def test_errors_name_source_and_setting(
    tmp_path: Path, text: str, environ: dict[str, str], flags: list[str], said: str
) -> None:
    path = tmp_path / "matinee.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(KINDS, path, environ, flags)
    assert said in str(caught.value)


def test_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "matinee.toml"
    path.write_bytes(b"\xff\xfe[colours]")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(KINDS, path, {})
