"""Matinee beside Jellyfin: tells it the library and what was watched, and prints what each user should see next.

    python beside_jellyfin.py --jellyfin http://localhost:8096 --key API_KEY --matinee http://localhost:8001

Needs Python 3.11 and nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

TICKS = 10_000_000
"""Jellyfin counts time in tenths of a microsecond."""
AGES = {"G": 0, "TV-G": 0, "TV-Y": 0, "PG": 7, "TV-PG": 7, "PG-13": 13, "TV-14": 14, "R": 17, "TV-MA": 17, "NC-17": 18}
KINDS = {"Movie": "film", "Series": "series", "Season": "season", "Episode": "episode"}
FIELDS = "Genres,Tags,People,Overview,OriginalTitle,ParentId,DateCreated"

Thing = dict[str, Any]


class Server:
    """A web server that speaks JSON."""

    def __init__(self, address: str, **headers: str) -> None:
        self.address, self.headers = address.rstrip("/"), headers

    def ask(self, path: str, method: str = "GET", body: Any = None, **query: Any) -> Any:
        """What it answers; ends the program in words where that is an error."""
        query = {name: value for name, value in query.items() if value is not None}
        url = f"{self.address}{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            sys.exit(f"{method} {url} was refused with {error.code}: {error.read().decode(errors='replace')[:500]}")
        except OSError as error:
            sys.exit(f"{self.address} cannot be reached: {error}")


def title_of(item: Thing) -> Thing:
    """A title as Matinee takes it, of an item of Jellyfin's library."""
    kind = KINDS[item["Type"]]
    told = {
        "id": item["Id"],
        "name": item["Name"],
        "kind": kind,
        "year": item.get("ProductionYear"),
        "original_name": item.get("OriginalTitle"),
        "synopsis": item.get("Overview"),
        "runtime_s": item["RunTimeTicks"] / TICKS if item.get("RunTimeTicks") else None,
        "maturity": AGES.get(item.get("OfficialRating", "")),
        "genres": item.get("Genres"),
        "keywords": item.get("Tags"),
        "number": item.get("IndexNumber") if kind in ("season", "episode") else None,
        "parent": (item.get("SeasonId") or item.get("SeriesId")) if kind in ("season", "episode") else None,
        "credits": [
            {"name": one["Name"], "role": one.get("Type", "actor").lower(), "character": one.get("Role") or ""}
            for one in item.get("People", [])
        ],
    }
    return {name: value for name, value in told.items() if value is not None}


def events_of(user: str, item: Thing) -> Iterator[Thing]:
    """What a user has done with an item of the library."""
    data, runtime_s = item["UserData"], item.get("RunTimeTicks", 0) / TICKS
    if data.get("LastPlayedDate"):
        position_s = runtime_s if data.get("Played") else data.get("PlaybackPositionTicks", 0) / TICKS
        at_ms = milliseconds(data["LastPlayedDate"])
        yield told(user, item["Id"], "stop", at_ms=at_ms, position_s=position_s, duration_s=runtime_s)
    if data.get("IsFavorite"):
        yield told(user, item["Id"], "thumb", id=f"favourite {user} {item['Id']}", value=1)


def event_of(message: Thing) -> Thing:
    """What a message of Jellyfin's webhook plugin says: ``PlaybackStart``, ``PlaybackProgress`` or ``PlaybackStop``."""
    kind = {"PlaybackStart": "play", "PlaybackProgress": "progress", "PlaybackStop": "stop"}[
        message["NotificationType"]
    ]
    position = {"position_s": message.get("PlaybackPositionTicks", 0) / TICKS}
    duration = {} if kind == "play" else {"duration_s": message.get("RunTimeTicks", 0) / TICKS}
    at_ms = milliseconds(message["UtcTimestamp"])
    return told(message["UserId"], message["ItemId"], kind, at_ms=at_ms, **position, **duration)


def told(user: str, item: str, kind: str, **fields: Any) -> Thing:
    """An event as Matinee takes it."""
    return {"viewer": user, "title": item, "kind": kind, **fields}


def milliseconds(date: str) -> int:
    """Since 1970, of a date as .NET writes it: with seven digits after the point."""
    return int(datetime.fromisoformat(date.rstrip("Z").partition(".")[0] + "+00:00").timestamp() * 1000)


def in_parts(things: list[Thing], size: int = 1000) -> Iterator[list[Thing]]:
    """As many at once as a request takes."""
    for start in range(0, len(things), size):
        yield things[start : start + size]


def tell_library(jellyfin: Server, matinee: Server) -> None:
    """Tell every film, series, season and episode."""
    types = ",".join(KINDS)
    items = jellyfin.ask("/Items", Recursive="true", IncludeItemTypes=types, Fields=FIELDS)["Items"]
    titles = sorted(map(title_of, items), key=lambda one: list(KINDS.values()).index(one["kind"]))
    answers = [matinee.ask("/titles", "PUT", part, source="jellyfin") for part in in_parts(titles)]
    new, changed = (sum(one[name] for one in answers) for name in ("created", "updated"))
    print(f"{'library':<12} {len(titles)} titles told: {new} new, {changed} changed")


def tell_viewing(jellyfin: Server, matinee: Server, users: list[Thing]) -> None:
    """Tell what every user has watched and likes."""
    events: list[Thing] = []
    for user in users:
        asked = {"userId": user["Id"], "Recursive": "true", "IncludeItemTypes": "Movie,Episode"}
        for item in jellyfin.ask("/Items", **asked, enableUserData="true")["Items"]:
            events += events_of(user["Id"], item)
    answers = [matinee.ask("/events", "POST", part, source="jellyfin") for part in in_parts(events)]
    print(f"{'viewing':<12} {len(events)} events told: {sum(one['accepted'] for one in answers)} new")
    for refusal in [refusal for one in answers for refusal in one["refused"]][:5]:
        print(f"{'refused':<12} {refusal['field']} {refusal['reason']}")


def show(matinee: Server, user: Thing, n: int) -> None:
    """Print what a user should see next."""
    path = f"/recommendations/{quote(user['Id'], safe='')}"
    answer = matinee.ask(path, source="jellyfin", n=n)
    print(
        f"{user['Name'][:12]:<12} {answer['model']}"
        + (f" (fallback: {answer['fallback']})" if answer["fallback"] else "")
    )
    for item in answer["items"]:
        print(f"{'':<12} {item['name'][:32]:<32} {item['reason']}")


def main() -> None:
    """Tell, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jellyfin", required=True, metavar="URL")
    parser.add_argument("--key", default="", help="an API key of Jellyfin's dashboard")
    parser.add_argument("--matinee", default="http://127.0.0.1:8001", metavar="URL")
    parser.add_argument("--token", default="", help="server.sidecar_token, where one is set")
    parser.add_argument("-n", type=int, default=5, help="how many for each user")
    args = parser.parse_args()
    jellyfin = Server(args.jellyfin, Authorization=f'MediaBrowser Token="{args.key}"')
    matinee = Server(args.matinee, **({"Authorization": f"Bearer {args.token}"} if args.token else {}))
    users = jellyfin.ask("/Users")
    tell_library(jellyfin, matinee)
    tell_viewing(jellyfin, matinee, users)
    for user in users:
        show(matinee, user, args.n)


if __name__ == "__main__":
    main()
