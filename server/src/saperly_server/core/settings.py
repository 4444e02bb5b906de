"""Everything an operator can set, in one class. Read once, in `main`, and passed down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PostgresDsn, UrlConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

DatabaseUrl = Annotated[PostgresDsn, UrlConstraints(allowed_schemes=["postgresql", "postgres"])]


class Settings(BaseSettings):
    """Settings from `SAPERLY_*` environment variables."""

    model_config = SettingsConfigDict(env_prefix="SAPERLY_", extra="ignore", frozen=True)

    mode: Literal["development", "production"] = Field(
        "production", description="development runs both environments on the simulated network."
    )
    database_url: str | None = Field(
        None, description="Any PostgreSQL ≥ 15. Unset: an embedded PostgreSQL in the data directory."
    )
    data_dir: Path | None = Field(None, description="Where the embedded database and local secrets live.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8787, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    secret_key: str | None = Field(
        None, description="Encrypts stored secrets. Unset: a random key kept in the data directory."
    )
    rate_file: Path | None = Field(None, description="Your own rate file; unset: the built-in rates.")
    consent_policy: Literal["strict", "opt_out_only"] = Field(
        "strict",
        description="strict refuses outbound contact without consent; opt_out_only refuses opted-out peers only.",
    )
    destinations: list[str] = Field(
        ["US"], description="Countries (ISO 3166-1 alpha-2) a new workspace may call and text."
    )
    number_quota: int = Field(25, ge=0, description="Numbers a workspace may hold at once, per environment.")
    numbers_without_payment_method: int | None = Field(
        None, ge=0, description="Numbers a workspace may hold before it needs a payment method; unset: any."
    )
    concurrent_calls: int = Field(100, ge=1, description="Live calls a workspace may have at once.")
    handoff_wait_sec: float = Field(
        8.0, ge=0, description="How long POST /calls, /messages and /numbers wait for the network's answer."
    )
    max_body_bytes: int = Field(1_048_576, ge=1024, description="Largest request body that is read.")
    requests_per_minute: int = Field(600, ge=1, description="Requests per key and minute, per bucket.")
    pool_size: int = Field(10, ge=2, description="Database connections of one process.")
    simulation_seed: int = Field(1, description="Seed of the simulated network.")
    simulation_speed: float = Field(
        1.0, ge=0.1, le=100, description="How many times as fast as people everybody talks on the simulated network."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level that is logged.")

    @property
    def development(self) -> bool:
        return self.mode == "development"
