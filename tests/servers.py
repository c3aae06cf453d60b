"""Real servers for tests, each on a free loopback port in a folder of its own, stopped whatever happens.

Fixtures, which `tests/conftest.py` gives to all: `postgres` (session), `postgres_url` (a fresh database for each test),
`nats` (session), `nats_url` (a fresh stream prefix for each test), `s3` (session), `s3_url` (a fresh bucket for each
test), `spark` and `spark_url` (session). Where a program is missing the test is skipped in words; under CI it fails
instead. A child gets SIGKILL from the kernel when the test process dies, so nothing is left behind even then.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from matinee.jobs.spark.standalone import Plan, Standalone

_PR_SET_PDEATHSIG = 1
_START_S = 60.0
_spawner = ThreadPoolExecutor(1, "spawning")
"""The kernel kills a child when the thread that started it ends, so all are started by one that stays."""


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def missing(what: str, package: str) -> None:
    """Skip the test in words; fail it where CI promised that the program is there."""
    reason = f"{what} is not installed here: `apt-get install {package}` (or pip) brings it."
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


@dataclass
class Server:
    """A program under way. `kill` and `start` may alternate: its folder stays until the fixture ends."""

    command: Sequence[str]
    port: int
    folder: Path
    ready: Callable[[], bool]
    user: str | None = None
    stop_signal: int = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def __enter__(self) -> Server:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until it answers."""
        account = pwd.getpwnam(self.user) if self.user else None
        with (self.folder / "server.log").open("ab") as log:
            self.process = _spawner.submit(
                subprocess.Popen,
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                preexec_fn=_die_with_parent,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            ).result()
        deadline = time.monotonic() + _START_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                self.kill()
                raise RuntimeError(f"{self.command[0]} did not start:\n{said}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return self.ready()
        except Exception:
            return False

    def stop(self) -> None:
        """Stop it in good order, with force after ten seconds."""
        if self.process is None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """`kill -9`."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None


@contextlib.contextmanager
def _folder(name: str, user: str | None = None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"matinee-{name}-"))
    try:
        if user:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


# PostgreSQL


def _postgres_program(name: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(found[-1]) if found else shutil.which(name)


@contextlib.contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[Server]:
    """A PostgreSQL with one superuser `matinee` and no password, run by a user that is not root.

    Unless it is `durable` it is quicker than any that one would trust: it leaves out what guards against a power cut.
    """
    initdb, program = _postgres_program("initdb"), _postgres_program("postgres")
    if not (initdb and program):
        missing("PostgreSQL", "postgresql")
    assert initdb
    assert program
    user = "postgres" if os.geteuid() == 0 else None
    with _folder("postgres", user) as folder:
        data, port = folder / "data", free_port()
        account = pwd.getpwnam(user) if user else None
        subprocess.run(
            [initdb, "-D", str(data), "-U", "matinee", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
            check=True,
            capture_output=True,
            cwd=folder,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
        options = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(folder)}
        options |= {"max_connections": "60"} | ({} if durable else {"fsync": "off", "full_page_writes": "off"})
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]

        def ready() -> bool:
            import psycopg

            psycopg.connect(f"host=127.0.0.1 port={port} user=matinee dbname=postgres", connect_timeout=2).close()
            return True

        # SIGQUIT stops PostgreSQL at once, whoever is connected; its folder is thrown away.
        with Server([program, "-D", str(data), *settings], port, folder, ready, user, signal.SIGQUIT) as server:
            yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One PostgreSQL for the session."""
    with running_postgres() as server:
        yield server


def new_database(server: Server) -> str:
    """Create an empty database and give its address."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(f"host=127.0.0.1 port={server.port} user=matinee dbname=postgres", autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    return f"postgresql+psycopg://matinee@127.0.0.1:{server.port}/{name}"


@pytest.fixture
def postgres_url(postgres: Server) -> str:
    """The address of an empty PostgreSQL database."""
    return new_database(postgres)


# NATS


@contextlib.contextmanager
def running_nats() -> Iterator[Server]:
    """A `nats-server` with JetStream on a store of its own."""
    program = shutil.which("nats-server")
    if not program:
        missing("nats-server", "nats-server")
    assert program
    with _folder("nats") as folder:
        port = free_port()
        command = [program, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder / "store")]
        with Server(command, port, folder, lambda: _listens(port)) as server:
            yield server


@pytest.fixture(scope="session")
def nats() -> Iterator[Server]:
    """One NATS server for the session."""
    with running_nats() as server:
        yield server


@pytest.fixture
def nats_url(nats: Server) -> str:
    """The address of a bus without a topic."""
    return f"nats://127.0.0.1:{nats.port}?stream=t{uuid.uuid4().hex[:12]}"


# S3


@contextlib.contextmanager
def running_s3() -> Iterator[Server]:
    """moto's S3 server: the real protocol, kept in memory, in a process of its own."""
    if importlib.util.find_spec("moto") is None:
        missing("moto", "moto[server]")
    with _folder("s3") as folder:
        port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]

        def ready() -> bool:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=2) as answer:
                return bool(answer.status == 200)

        with Server(command, port, folder, ready) as server:
            yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[Server]:
    """One S3 server for the session."""
    with running_s3() as server:
        yield server


def new_bucket(server: Server) -> str:
    """Create an empty bucket and give its address as objects."""
    endpoint, bucket = f"http://127.0.0.1:{server.port}", f"test-{uuid.uuid4().hex}"
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{bucket}", method="PUT"), timeout=_START_S).close()
    return f"s3://{bucket}/films?endpoint_url={endpoint}&key=testing&secret=testing&region=us-east-1"


@pytest.fixture
def s3_url(s3: Server) -> str:
    """The address of objects in an empty bucket."""
    return new_bucket(s3)


# Spark

QUICK = {
    f"spark.{who}.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1" for who in ("driver", "executor")
} | {"spark.executor.memory": "512m", "spark.driver.memory": "512m"}
"""Java that lives as shortly as a test need not compile itself well."""


def need_spark() -> None:
    """Skip where Spark cannot run."""
    if importlib.util.find_spec("pyspark") is None:
        missing("pyspark", "pyspark==4.3.0")
    if shutil.which("java") is None:
        missing("Java", "default-jre-headless")


@pytest.fixture(scope="session")
def spark() -> Iterator[Standalone]:
    """A cluster of two workers for the session, kept up as `matinee jobs cluster start` does."""
    need_spark()
    stop = threading.Event()
    with (
        _folder("spark") as folder,
        ThreadPoolExecutor(1, "spark") as keeper,
        Standalone(folder, Plan(port=0, memory="512m", settings=QUICK)) as cluster,
    ):
        keeper.submit(cluster.start).result()
        kept = keeper.submit(cluster.serve, stop)
        yield cluster
        stop.set()
        kept.result()


@pytest.fixture(scope="session")
def spark_url(spark: Standalone) -> Iterator[str]:
    """The address of compute on that cluster. A session is held open, so that tests need not wait for Java."""
    from matinee.base.compute.spark.compute import SparkCompute

    url = f"{spark.url}?conf={spark.conf}&workers=2"
    held = SparkCompute.open(url, spark.conf.parent)
    assert held.session
    yield url
    held.close()
