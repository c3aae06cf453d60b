"""The `run` script of a job: everything that happens in its folder, in one file that one can read and run again.

It exports the job's environment, sources the setup files of the cluster, the applications, the command and the job, in
this order, and then runs the command. What setup prints goes to ``genie/logs/setup.log``, what the command prints to
wherever the script prints. All paths are taken from the folder, so that it may be moved.

Layout and variables are those of Genie 4: https://netflix.github.io/genie/docs/4.3.20/reference/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote

from matinee.base.errors import InvalidInput

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SETUP_LOG = "GENIE_SETUP_LOG"
"""The variable that says where else the output of setup goes."""
LOG_FOLDER = "genie/logs"
"""The folder that a script writes into; it has to be there."""
ENVIRONMENT = f"{LOG_FOLDER}/env.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A setup file that is sourced before the command."""

    whose: str
    """For people: ``cluster 'prod'``."""
    path: str
    """In the job's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a `run` script does."""

    job_id: str
    variables: Mapping[str, str]
    """Exported as they are: nothing in them is expanded."""
    setups: Sequence[Setup] = ()
    executable: Sequence[str]
    """As the operator wrote it: the shell expands variables in it."""
    arguments: Sequence[str] = ()
    """Of the job, each handed over as it is."""
    tail: str = ""
    """More of them as one text that the shell reads, as Genie's older clients send them."""
    secrets: frozenset[str] = field(default_factory=frozenset)
    """Names of variables that whoever starts the script sets, and that no log may hold."""

    def __str__(self) -> str:
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield "#!/usr/bin/env bash"
        yield f"# Job {_in_comment(self.job_id)}. Run it again with: bash run"
        yield "set -o errexit -o pipefail -o nounset"
        yield 'case "${BASH_SOURCE[0]}" in */*) cd "${BASH_SOURCE[0]%/*}" ;; esac'
        yield "\n# Where things lie"
        yield 'export GENIE_JOB_DIR="$PWD"'
        yield 'export GENIE_APPLICATION_DIR="$GENIE_JOB_DIR/genie/applications"'
        yield "\n# What the server says"
        yield from (f"export {_variable(name)}={quote(value)}" for name, value in sorted(self.variables.items()))
        yield "\n# Setup"
        yield f'exec 6>&1 7>&2 >"${{{SETUP_LOG}:-{LOG_FOLDER}/setup.log}}" 2>&1; unset {SETUP_LOG}'
        for one in self.setups:
            yield f"echo {quote('Sourcing the setup file of ' + one.whose)}"
            yield f"source {quote('./' + one.path)}"
        yield "exec 1>&6 2>&7 6>&- 7>&-"
        yield "\n# The environment as the command finds it, without secrets; it is written once setup has gone well"
        shown = f"(unset {' '.join(sorted(map(_variable, self.secrets)))}; export -p)" if self.secrets else "export -p"
        yield f"{shown} >{ENVIRONMENT}"
        yield "\n# The command"
        yield " ".join([*self.executable, *map(quote, self.arguments), *([self.tail] if self.tail else [])])


def variables_of(
    *, job: Mapping[str, str], cluster: Mapping[str, str], command: Mapping[str, str], asked: Sequence[Sequence[str]]
) -> dict[str, str]:
    """The variables that Genie promises a job; `asked` are the tags of its choices of clusters.

    Each mapping holds what stands behind the prefix: ``{"ID": ..., "NAME": ..., "TAGS": ...}``.
    """
    found = {"GENIE_VERSION": "4", "GENIE_REQUESTED_CLUSTER_TAGS": f"[{','.join(f'[{tags(one)}]' for one in asked)}]"}
    found |= {f"GENIE_REQUESTED_CLUSTER_TAGS_{i}": tags(one) for i, one in enumerate(asked)}
    for prefix, one in (("JOB", job), ("CLUSTER", cluster), ("COMMAND", command)):
        found |= {f"GENIE_{prefix}_{name}": value for name, value in one.items()}
    return found


def tags(found: Iterable[str]) -> str:
    """Tags as variables hold them: sorted, parted by commas; a comma within one is escaped.

    >>> tags(["type:spark", "size:big, red"])
    'size:big\\\\, red,type:spark'
    """
    return ",".join(one.replace("\\", "\\\\").replace(",", "\\,") for one in sorted(found))


def _variable(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} is no name of a variable.", next_step="Use letters, digits and underscores.")
    return name


def _in_comment(text: str) -> str:
    return " ".join(text.split())
