"""Comparisons in the console: for operators alone, 404 in words, films in ranges, and nothing by hostile addresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.encoding.shots import GOAL, two_shots
from tests.server.conftest import Cinema

from matinee.catalog.records import AssetKind
from matinee.encoding.compared import Compared, film_key
from matinee.server.site.encoding_views import shown_first

API = "/api/console/encoding/comparisons"
WAYS = ("fixed", "title", "mixed")


@pytest.fixture(scope="module", autouse=True)
def compared(cinema: Cinema, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """Meadow, encoded in three ways."""
    film = two_shots(tmp_path_factory.mktemp("films") / "meadow.mp4")
    cinema.catalog.put_asset(cinema.titles["Meadow"], AssetKind.SOURCE, str(film))
    service = cinema.workspace.service("encoding")
    service.compare(cinema.titles["Meadow"], WAYS, GOAL)
    found: Compared = service.comparison(cinema.titles["Meadow"])
    return found


@pytest.fixture
def told(boss: httpx.Client, compared: Compared) -> dict[str, Any]:
    found: dict[str, Any] = boss.get(f"{API}/{compared.title_id}").json()
    return found


@pytest.fixture
def film(told: dict[str, Any]) -> str:
    """The address of a film."""
    names = [rung["file"] for way in told["comparison"]["ways"] for rung in way["rungs"] if rung["file"]]
    return str(told["films"]) + names[0]


def test_only_operators_come_in(
    parent: httpx.Client, clients: Callable[..., httpx.Client], compared: Compared, film: str
) -> None:
    id_ = compared.title_id
    for page in ("/console/encoding", f"/console/encoding/{id_}", API, f"{API}/{id_}", film):
        assert parent.get(page).status_code == 403, page
        assert parent.head(page).status_code == 403, page
    for path in (API, f"{API}/{id_}", film):
        assert clients().get(path).status_code == 401, path


def test_the_films_are_no_streams_that_viewers_could_ask_for(
    parent: httpx.Client, compared: Compared, film: str
) -> None:
    name = film.rsplit("/", 1)[1]
    for path in (f"{compared.folder}/{name}", f"../../comparisons/{compared.title_id}/{compared.folder}/{name}"):
        for kind in ("media", "pictures"):
            assert parent.get(f"/{kind}/{compared.title_id}/{path.replace('/', '%2f')}").status_code == 404


def test_what_was_compared_is_listed(boss: httpx.Client, compared: Compared, cinema: Cinema) -> None:
    (line,) = boss.get(API).json()
    assert (line["title"]["name"], line["made_ms"]) == ("Meadow", compared.made_ms)
    assert [(one["way"], one["bd_rate"]) for one in line["ways"]] == [(one.way, one.bd_rate) for one in compared.ways]
    html = boss.get("/console/encoding").text
    assert f'href="/console/encoding/{compared.title_id}"' in html
    assert "fixed, title, mixed" in html


def test_everything_on_the_page_is_json_too(boss: httpx.Client, told: dict[str, Any], compared: Compared) -> None:
    found = told["comparison"]
    assert [one["way"] for one in found["ways"]] == list(WAYS)
    assert [one["ways"] for one in found["pairs"]] == [["fixed", "title"], ["fixed", "mixed"], ["title", "mixed"]]
    html = boss.get(f"/console/encoding/{compared.title_id}").text
    for way in found["ways"]:
        best = way["rungs"][-1]
        assert f"{best['kbps']:,.0f} kbps, VMAF {best['vmaf']['mean']:.1f}" in html
        assert len(best["quality"]) * found["step_s"] == pytest.approx(found["duration_s"], abs=found["step_s"])
        assert len(best["unit_kbps"]) == len(found["bounds_s"]) - 1
    saving = found["ways"][1]["bd_rate"]
    assert f"{abs(saving):.1f} %" in html


def test_what_is_not_there_is_said(boss: httpx.Client, cinema: Cinema) -> None:
    other = boss.get(f"{API}/{cinema.titles['Riddle']}")
    assert other.status_code == 404
    assert other.json()["next_step"] == f"Run `matinee encoding compare {cinema.titles['Riddle']}`."
    assert boss.get(f"/console/encoding/{cinema.titles['Riddle']}").status_code == 404
    for path in (f"{API}/999999", "/console/encoding/999999", "/console/encoding/0", f"{API}/{10**30}"):
        assert boss.get(path).status_code == 404, path


def test_the_ways_of_the_address_are_chosen_and_others_are_not(boss: httpx.Client, compared: Compared) -> None:
    page = f"/console/encoding/{compared.title_id}"

    def chosen(query: str) -> list[str]:
        html = boss.get(page + query).text
        return [part.split("</option>")[0].rsplit(">", 1)[1] for part in html.split("<option selected")[1:]]

    assert chosen("?left=title&right=fixed") == ["title", "fixed"]
    first = chosen("")
    assert first[0] == "fixed"
    for query in ("?left=title&right=title", "?left=title&right=%3Cscript%3E", "?left=title"):
        assert chosen(query) == first
    assert boss.get(f"{page}?left={'x' * 41}").status_code == 422


def test_what_saves_most_is_shown_first(compared: Compared) -> None:
    fixed, title, mixed = compared.ways
    cheap = replace(title, bd_rate=-60.0), replace(mixed, bd_rate=-70.0)
    assert shown_first(replace(compared, ways=(fixed, *cheap)), "", "") == ("fixed", "mixed")
    assert shown_first(replace(compared, ways=(fixed, *cheap)), "title", "fixed") == ("title", "fixed")


def test_a_film_is_sent_whole_and_in_parts(boss: httpx.Client, cinema: Cinema, compared: Compared, film: str) -> None:
    stored = cinema.workspace.backends.objects.get(film_key(compared.title_id, compared.folder, film.rsplit("/", 1)[1]))
    whole = boss.get(film)
    assert (whole.status_code, whole.headers["content-type"], whole.content) == (200, "video/mp4", stored)
    assert "content-encoding" not in whole.headers
    part = boss.get(film, headers={"Range": "bytes=10-99"})
    assert (part.status_code, part.content) == (206, stored[10:100])
    assert part.headers["content-range"] == f"bytes 10-99/{len(stored)}"
    assert boss.get(film, headers={"Range": f"bytes={len(stored)}-"}).status_code == 416
    assert boss.get(film, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert boss.head(film).headers["content-length"] == str(len(stored))


@pytest.mark.parametrize(
    "path",
    [
        "1/{film}",
        "{folder}/none-0.mp4",
        "{folder}/comparison.json",
        "..%2fcomparison.json",
        "{folder}/..%2f..%2fcomparison.json",
        "%2e%2e/comparison.json",
        "{folder}/{film}%00",
        "{folder}/{film}%0a",
        "{folder}%2f..%2f{folder}/{film}",
        "{folder}/",
        "{folder}",
        "{folder}/" + "x" * 5000 + ".mp4",
        "{folder}/é.mp4",
        "%ff/{film}",
        "{FOLDER}/{film}",
    ],
)
def test_no_address_leads_elsewhere(boss: httpx.Client, compared: Compared, film: str, path: str) -> None:
    name = film.rsplit("/", 1)[1]
    asked = path.format(folder=compared.folder, FOLDER="/" + compared.folder, film=name)
    answer = boss.get(f"{API}/{compared.title_id}/films/{asked}")
    assert answer.status_code == 404
    assert answer.json()["error"].endswith(".")


def test_films_of_another_title_are_its_own(boss: httpx.Client, cinema: Cinema, compared: Compared, film: str) -> None:
    assert boss.get(film.replace(f"/{compared.title_id}/films", f"/{cinema.titles['Riddle']}/films")).status_code == 404
    assert boss.get(film).status_code == 200
