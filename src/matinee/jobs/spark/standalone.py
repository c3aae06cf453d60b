"""A Spark standalone cluster on loopback: a master and workers from the Python package, kept up as long as we live.

Nobody without the secret in its settings may use it, not even on this machine. The master remembers in files who was
there, so that workers and applications outlive its end. See https://spark.apache.org/docs/latest/spark-standalone.html
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import secrets
import shutil
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from types import TracebackType
from typing import Any, Self

from matinee.base.disk import disk_errors, make_folder
from matinee.base.errors import Conflict, Unavailable
from matinee.jobs.daemon import Daemon

HOST = "127.0.0.1"
_START_S = 90.0
_STOP_S = 10.0
_TICK_S = 0.2
_ASK_S = 5.0
_LOG = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{yyyy-MM-dd HH:mm:ss} %p %c{1}: %m%n%ex
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the cluster is to be."""

    workers: int = 2
    cores: int = 1
    """Of each worker."""
    memory: str = "1g"
    """Of each worker, for all applications together."""
    port: int = 7077
    """Of the master; 0 for a free one."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Spark's own, over ours; those of applications among them."""


class Standalone:
    """The cluster in a folder, which no other process may use meanwhile. Ends as a context, with all of its parts."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        """Take the folder. Raises `Conflict` where a cluster is up there, `Unavailable` where something is missing."""
        self.home = _home()
        self._folder, self._plan = folder.absolute(), plan
        with disk_errors(folder):
            make_folder(folder)
            folder.chmod(0o700)
            self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise Conflict(f"A Spark cluster is up in {folder}.", next_step="Use it, or end it with Ctrl-C.") from None
        self.port, self._page_port = free_port(plan.port), free_port()
        self.url, self.page = f"spark://{HOST}:{self.port}", f"http://{HOST}:{self._page_port}"
        self.conf, self.setup = self._folder / "conf", self._folder / "setup.sh"
        self._environment = self._surroundings()
        self.master = self._daemon("master", "--port", str(self.port), "--webui-port", str(self._page_port))
        size = ("--webui-port", "0", "--cores", str(plan.cores), "--memory", plan.memory)
        self.workers = [
            self._daemon(f"worker-{n}", *size, "--work-dir", str(self._folder / f"worker-{n}"), self.url)
            for n in range(1, plan.workers + 1)
        ]

    def start(self, stop: threading.Event | None = None) -> None:
        """Start all, and wait until the master knows every worker, or `stop` is set.

        Raises `Unavailable` where it does not come so far.
        """
        with disk_errors(self._folder):
            self._write()
        end = time.monotonic() + _START_S
        while not self.complete() and not (stop and stop.is_set()):
            self.tend()
            if time.monotonic() > end:
                raise Unavailable(
                    f"Spark did not come up within {_START_S:.0f} s. Its master says: {self.master.last_words()}",
                    next_step=f"The logs in {self._folder} tell more.",
                )
            time.sleep(_TICK_S)

    def serve(self, stop: threading.Event) -> None:
        """Keep all up until `stop` is set."""
        while not stop.wait(_TICK_S):
            self.tend()

    def tend(self) -> None:
        """Start again what has ended."""
        for one in (self.master, *self.workers):
            one.tend()

    def complete(self) -> bool:
        """Whether the master has all workers."""
        return (self.master.pid is not None) and state(self.page).get("aliveworkers") == len(self.workers)

    def close(self) -> None:
        """End all."""
        parts = (*self.workers, self.master)
        for one in parts:
            one.ask_to_end()
        end = time.monotonic() + _STOP_S
        for one in parts:
            one.end(max(0.0, end - time.monotonic()))
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _daemon(self, name: str, *arguments: str) -> Daemon:
        part = name.partition("-")[0]
        program = f"org.apache.spark.deploy.{part}.{part.capitalize()}"
        command = [str(self.home / "bin/spark-class"), program, "--host", HOST, *arguments]
        return Daemon(f"Spark's {name}", command, self._environment, self._folder / f"{name}.log")

    def _surroundings(self) -> dict[str, str]:
        """Variables of the master and the workers, and of what runs on these."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
        return {
            **inherited,
            **self._exported(),
            "SPARK_HOME": str(self.home),
            "SPARK_DAEMON_MEMORY": "512m",
            "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        }

    def _exported(self) -> dict[str, str]:
        """What a job needs to use the cluster."""
        return {
            "SPARK_MASTER_URL": self.url,
            "SPARK_CONF_DIR": str(self.conf),
            "SPARK_LOCAL_IP": HOST,
            "PYSPARK_PYTHON": sys.executable,
        }

    def _write(self) -> None:
        """The settings, which only their owner may read, and the setup file of jobs."""
        shutil.rmtree(self._folder / "recovery", ignore_errors=True)  # of another time, whose workers are gone
        make_folder(self.conf)
        settings = {
            "spark.master": self.url,
            "spark.authenticate": "true",
            "spark.authenticate.secret": secrets.token_hex(32),
            "spark.driver.host": HOST,
            "spark.ui.enabled": "false",
            "spark.ui.killEnabled": "false",
            "spark.master.rest.enabled": "false",
            "spark.master.ui.decommission.allow.mode": "DENY",
            "spark.deploy.recoveryMode": "FILESYSTEM",
            "spark.deploy.recoveryDirectory": str(self._folder / "recovery"),
            "spark.deploy.maxExecutorRetries": "-1",
            "spark.worker.cleanup.enabled": "true",
            **self._plan.settings,
        }
        text = "".join(f"{name} {value}\n" for name, value in settings.items())
        (self.conf / "spark-defaults.conf").touch(0o600)
        (self.conf / "spark-defaults.conf").write_text(text, encoding="utf-8")
        (self.conf / "log4j2.properties").write_text(_LOG, encoding="utf-8")
        exports = (f"export {name}={quote(value)}\n" for name, value in self._exported().items())
        self.setup.write_text("".join(exports), encoding="utf-8")


def state(page: str) -> dict[str, Any]:
    """What a master tells of itself on its page; nothing where it does not answer."""
    try:
        with urllib.request.urlopen(f"{page}/json/", timeout=_ASK_S) as answer:  # noqa: S310  it begins with http
            found: dict[str, Any] = json.load(answer)
            return found
    except (OSError, ValueError):
        return {}


def free_port(wanted: int = 0) -> int:
    """A port of loopback that nothing listens on now: the one that is wanted, or any. Raises `Unavailable`."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((HOST, wanted))
        except OSError as error:
            raise Unavailable(
                f"Port {wanted} of {HOST} cannot be had: {error.strerror}.", next_step="Choose another with `--port`."
            ) from None
        return int(one.getsockname()[1])


def _home() -> Path:
    """Where Spark lies: in the Python package. Raises `Unavailable` where that or Java is missing."""
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        raise Unavailable("Spark is not installed.", next_step="Install it with `pip install 'matinee[spark]'`.")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise Unavailable("Spark needs Java 17 or later.", next_step="Install it (on Debian: `default-jre-headless`).")
    return Path(found.origin).parent
