"""Settings of the server: table ``[server]``."""

from __future__ import annotations

from pydantic import Field

from matinee.base.settings import Table


class ServerSettings(Table):
    """How the site is served and how people sign in."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for every one of this machine")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    session_days: float = Field(30, gt=0, le=400, description="days without a visit after which one is signed out")
    sign_ins_per_minute: int = Field(10, ge=1, description="attempts to sign in from one address, per minute")
    sign_ins_per_account: int = Field(
        20, ge=1, description="attempts to sign in to one account, per quarter of an hour"
    )
    max_body_bytes: int = Field(2_097_152, ge=1024, description="largest request that is read")
    max_files_bytes: int = Field(
        157_286_400, ge=1024, description="largest request that is read where it brings files, as a job's attachments"
    )
    request_timeout_s: float = Field(30, gt=0, description="longest wait for the next part of a request")
    shutdown_timeout_s: float = Field(10, gt=0, description="longest wait for requests under way when the server stops")
    max_connections: int = Field(
        1000, ge=1, description="connections and requests under way, above which one is sent away"
    )
    max_streams: int = Field(20, ge=1, description="consoles that watch live at once")
    impressions_queued: int = Field(500, ge=1, description="pages whose impressions may wait to be written")
    metrics_token: str = Field("", description="bearer token for /metrics from other machines; empty refuses them")
    sidecar_token: str = Field(
        "", description="bearer token of `matinee serve recommendation`; empty answers programs of this machine only"
    )
