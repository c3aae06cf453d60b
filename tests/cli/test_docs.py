import re
import runpy
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"


@pytest.mark.parametrize("name", ["commands", "settings"])
def test_every_command_and_setting_stands_in_the_docs(name: str) -> None:
    written = runpy.run_path(str(REPOSITORY / "scripts" / "reference.py"))[name]()
    assert (DOCS / f"{name}.md").read_text() == written, "run .venv/bin/python scripts/reference.py"


@pytest.mark.parametrize("page", sorted([*DOCS.rglob("*.md"), *REPOSITORY.glob("*.md")]), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_page_is_reached_from_the_index() -> None:
    index = (DOCS / "README.md").read_text()
    for page in DOCS.glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, f"docs/README.md does not name {page.name}"
