"""The Spark session of this process, of which there is one: begun when it is first needed, and shared from then on."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from matinee.base.disk import disk_errors
from matinee.base.errors import Conflict, Unavailable

_ALIKE = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.runSQLOnFiles": "false",
}
"""What makes Spark's SQL understand a query as DuckDB does."""


@dataclass(frozen=True)
class Terms:
    """What a session is begun with."""

    master: str
    """``spark://HOST:PORT``, or several hosts with commas."""
    settings: Mapping[str, str]
    """Spark's own, over those of `conf`."""
    conf: Path | None
    """A folder with ``spark-defaults.conf``; else Spark looks where SPARK_CONF_DIR says."""
    wait_s: float
    """How long to wait for the first worker."""
    log: Path = field(compare=False)
    """Where Spark's own words go."""

    @property
    def checkpoints(self) -> Path:
        """Where long work on the cluster keeps its state; every worker has to see it."""
        return self.log.parent / "checkpoints"


class _Shared:
    session: SparkSession | None = None
    terms: Terms | None = None
    users = 0


_shared, _lock = _Shared(), threading.RLock()


def take(terms: Terms) -> SparkSession:
    """The session, for one more user, who gives it back by `leave`.

    Raises `Unavailable` where Java, the master or workers are missing, and `Conflict` where this process has a session
    on other terms.
    """
    with _lock:
        if _shared.session is not None and not alive(_shared.session):
            _end()
        if _shared.terms != terms:
            _need_java()
            own = reach(terms.master)
            if _shared.terms is not None:
                raise Conflict(
                    f"This process uses {_shared.terms.master} on other terms already.",
                    next_step="Use one Spark in one process.",
                )
            _shared.session, _shared.terms = _begin(terms, own), terms
        assert _shared.session is not None
        _shared.users += 1
        return _shared.session


def leave(session: SparkSession) -> None:
    """Give a session back; the last to do so ends it, and Java with it."""
    with _lock:
        if session is _shared.session:
            _shared.users -= 1
            if not _shared.users:
                _end()


def alive(session: SparkSession) -> bool:
    """Whether the session can still be used."""
    try:
        return not session.sparkContext._jsc.sc().isStopped()
    except Exception:  # Java is gone, or the context
        return False


@contextmanager
def cancelling(session: SparkSession) -> Iterator[None]:
    """What the block began on the cluster ends where the block is left by an error, Ctrl-C among them."""
    context, tag = session.sparkContext, f"run-{uuid4().hex}"
    context.addJobTag(tag)
    try:
        yield
    except BaseException:
        with suppress(Exception):  # Spark may be gone
            context.cancelJobsWithTag(tag)
        raise
    finally:
        with suppress(Exception):
            context.removeJobTag(tag)


def reach(master: str) -> str:
    """Our own address, as a master sees it; raises `Unavailable` where none of its hosts answers."""
    reason = "it names no host and port"
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=5) as link:
                return str(link.getsockname()[0])
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
    raise Unavailable(
        f"No Spark master answers at {master}: {reason}.",
        next_step="Start one with `matinee jobs cluster start`, or mend backends.compute.",
    )


def _need_java() -> None:
    if not shutil.which(str(Path(os.environ["JAVA_HOME"], "bin/java")) if "JAVA_HOME" in os.environ else "java"):
        raise Unavailable(
            "Spark needs Java 17 or later, and there is none.",
            next_step="Install it (on Debian: `default-jre-headless`).",
        )


def _begin(terms: Terms, own: str) -> SparkSession:
    # Where the main thread begins a context, Spark takes Ctrl-C for itself.
    with ThreadPoolExecutor(1, "spark") as starter:
        session = starter.submit(_started, terms, own).result()
    try:
        _await_workers(session, terms)
    except BaseException:
        _stop(session)
        raise
    return session


def _started(terms: Terms, own: str) -> SparkSession:
    settings = {
        "spark.master": terms.master,
        "spark.app.name": "matinee",
        "spark.driver.host": own,
        "spark.driver.bindAddress": own,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(_own_paths()),
        "spark.python.task.killTimeout": "100ms",
        **_ALIKE,
        **terms.settings,
    }
    try:
        with disk_errors(terms.log), _environment(terms.conf):
            terms.log.parent.mkdir(parents=True, exist_ok=True)
            with terms.log.open("ab") as log:
                gateway = cast("Any", launch_gateway)(popen_kwargs={"stdout": log, "stderr": log})
        conf = SparkConf(loadDefaults=True, _jvm=gateway.jvm).setAll(list(settings.items()))
        context = SparkContext(conf=conf, gateway=gateway)
    except Unavailable:
        raise
    except Exception as error:
        _quit_java()
        raise Unavailable(
            f"Spark cannot begin on this machine: {str(error).splitlines()[0]}", next_step=f"{terms.log} tells more."
        ) from None
    logging.getLogger("SQLQueryContextLogger").disabled = True  # it prints every fault of a query, which we raise
    context.setCheckpointDir(terms.checkpoints.as_uri())
    context.pythonExec = os.environ.get("PYSPARK_PYTHON", sys.executable)
    return SparkSession(context)


def _await_workers(session: SparkSession, terms: Terms) -> None:
    """Without this a cluster that has no room would keep us waiting for ever, and not say so."""
    end = time.monotonic() + terms.wait_s
    while not (found := executors(session)) and time.monotonic() < end and alive(session):
        time.sleep(0.05)
    if not found:
        raise Unavailable(
            f"The Spark at {terms.master} gave us no worker within {terms.wait_s:g} s.",
            next_step="See that its workers are up and have cores and memory left; `memory=` asks for less.",
        )


def executors(session: SparkSession) -> int:
    """How many processes of the cluster work for us."""
    status = session.sparkContext._jsc.sc().getExecutorMemoryStatus()
    return int(status.size()) - 1  # one is this process


def _own_paths() -> Iterator[str]:
    """What this process can import beyond its installation."""
    installed = tuple(sysconfig.get_path(one) for one in ("stdlib", "platstdlib", "purelib", "platlib"))
    for path in sys.path:
        if path and not path.startswith(installed) and Path(path).exists():
            yield str(Path(path).absolute())


@contextmanager
def _environment(conf: Path | None) -> Iterator[None]:
    """Java is started with the environment of this process, and told in no other way where its settings are."""
    before = os.environ.get("SPARK_CONF_DIR")
    if conf is not None:
        os.environ["SPARK_CONF_DIR"] = str(conf)
    try:
        yield
    finally:
        if conf is not None:
            del os.environ["SPARK_CONF_DIR"]
            if before is not None:
                os.environ["SPARK_CONF_DIR"] = before


def _end() -> None:
    session, _shared.session, _shared.terms, _shared.users = _shared.session, None, None, 0
    if session is not None:
        _stop(session)


def _stop(session: SparkSession) -> None:
    with suppress(Exception):
        checkpoints = session.sparkContext.getCheckpointDir()
        session.stop()
        shutil.rmtree(urlsplit(checkpoints or "").path, ignore_errors=True)
    _quit_java()


def _quit_java() -> None:
    gateway, SparkContext._gateway, SparkContext._jvm = SparkContext._gateway, None, None
    if gateway is not None:
        with suppress(Exception):
            gateway.shutdown()
        gateway.proc.stdin.close()  # which is what it lives by
        gateway.proc.wait()
