"""What jobs know of a Spark cluster: the cluster, and the command that hands programs to any."""

from __future__ import annotations

import getpass
import os
from importlib.metadata import version
from pathlib import Path
from shlex import quote
from typing import Any

from matinee.jobs.records import ApplicationStatus, Cluster, ClusterStatus, Command, Criterion
from matinee.jobs.spark.standalone import Standalone

ID = "spark"
TAG = "type:spark"


def cluster_of(spark: Standalone, status: ClusterStatus) -> Cluster:
    """The cluster as a resource of jobs."""
    return Cluster(
        id=ID,
        name="spark",
        user=getpass.getuser(),
        version=version("pyspark"),
        status=status,
        description="A Spark cluster on one machine.",
        tags=(TAG, f"spark.master:{spark.url}"),
        setup_file=str(spark.setup),
        metadata={"master": spark.url, "page": spark.page, "pid": os.getpid()},
    )


def submit_command(home: Path) -> Command:
    """``spark-submit`` on whatever cluster says in SPARK_MASTER_URL where its master is."""
    return Command(
        id="spark-submit",
        name="spark-submit",
        user=getpass.getuser(),
        version=version("pyspark"),
        status=ApplicationStatus.ACTIVE,
        tags=("type:spark-submit",),
        executable_and_arguments=(quote(str(home / "bin/spark-submit")), "--master", '"$SPARK_MASTER_URL"'),
        cluster_criteria=(Criterion(tags=(TAG,)),),
    )


def told(cluster: Cluster, state: dict[str, Any]) -> dict[str, Any]:
    """How a cluster does, by its record and by what its master says."""
    metadata = cluster.metadata if isinstance(cluster.metadata, dict) else {}
    return {
        "id": cluster.id,
        "status": cluster.status,
        "master": metadata.get("master"),
        "page": metadata.get("page"),
        "answers": state.get("status") == "ALIVE",
        "workers": state.get("aliveworkers", 0),
        "cores": state.get("cores", 0),
        "coresUsed": state.get("coresused", 0),
        "memoryMb": state.get("memory", 0),
        "applications": [one["name"] for one in state.get("activeapps", [])],
    }
