"""Rows that an import could not understand: how many, why, and where the first of each kind stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from matinee.base.errors import InvalidInput

_SHARE = 0.1
"""Of the rows of one file: with more refused than that, and more than `_FEW`, it is another sort of file."""
_FEW = 20


@dataclass(slots=True)
class Refusals:
    """What was refused of one file."""

    file: str
    rows: int = 0
    """All rows that were read, good or bad."""
    _reasons: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Reason: how many rows, and the line of the first."""

    def __iter__(self) -> Iterator[tuple[str, int, int]]:
        """Reason, rows and first line, most rows first."""
        return iter(sorted(((why, n, line) for why, (n, line) in self._reasons.items()), key=lambda one: -one[1]))

    @property
    def total(self) -> int:
        """Rows refused."""
        return sum(n for n, _ in self._reasons.values())

    def add(self, reason: str, line: int, rows: int = 1) -> None:
        """Count refused rows, the first of which is at `line`, from 1."""
        count, first = self._reasons.get(reason, (0, line))
        self._reasons[reason] = (count + rows, min(first, line))

    def sentence(self) -> str:
        """As ``refused 3 of 9 rows of movies.csv: 2 with too few fields (first: line 17), 1 without a title (line 4)``.

        Empty where nothing was refused.
        """
        if not self.total:
            return ""
        parts = [f"{n:,} {why} ({'first: ' if n > 1 else ''}line {line:,})" for why, n, line in self]
        return f"refused {self.total:,} of {self.rows:,} rows of {self.file}: {', '.join(parts)}"

    def judge(self) -> None:
        """Raise `InvalidInput` where so much was refused that the file must be something else."""
        if self.total > max(_FEW, _SHARE * self.rows) or (self.total and self.total == self.rows):
            raise InvalidInput(
                f"{self.file} is not what it is called, so nothing was imported: {self.sentence()}.",
                next_step="Check that the file is whole and in the layout that its name promises.",
            )
