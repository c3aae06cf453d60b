"""Real servers for the conformance suites."""

from tests.servers import nats, nats_url, postgres, postgres_url, s3, s3_url

__all__ = ["nats", "nats_url", "postgres", "postgres_url", "s3", "s3_url"]
