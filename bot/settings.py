"""The configuration: patrol.toml and the files beside it; secrets only from the environment."""

import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from moderation.vault import KEY_BYTES, key_from_file

CONFIG: Final = "TWEETPATROL_CONFIG"
DATA: Final = "TWEETPATROL_DATA"
DATABASE: Final = "TWEETPATROL_DATABASE_URL"
VAULT_KEY: Final = "TWEETPATROL_VAULT_KEY"

Seconds = Annotated[float, Field(ge=0)]


class SettingsWrong(Exception):
    """The configuration can not be used. The message is one plain sentence that says where and what to do."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Force(_Table):
    """The force as the public sees it. `emergency` is the sentence on every page, per language."""

    name: str
    time_zone: str = "Europe/London"
    language: str = "en"
    public_url: str = "http://127.0.0.1:8080"
    emergency: dict[str, str]


class Times(_Table):
    """How long things may take; every one in the unit that its name says."""

    undo_seconds: Seconds = 8
    scene_minutes: Seconds = 60
    jitter_minutes: Seconds = 5
    claim_seconds: Seconds = 120
    reminder_minutes: tuple[float, float, float] = (2, 5, 10)
    expiry_minutes: Seconds = 30
    album_seconds: Seconds = 1.5
    original_seconds: Seconds = 60
    originals_days: Seconds = 31
    inbox_days: float = Field(default=7, gt=0)
    replies_days: float = Field(default=90, gt=0)
    chat_copies_hours: float = Field(default=40, gt=0, le=47)
    """Telegram lets a bot delete for 48 hours; an hour is left for when it does not answer."""
    lease_seconds: Seconds = 60
    reply_poll_seconds: Seconds = 5
    alarm_seconds: Seconds = 60

    @property
    def claim(self) -> timedelta:
        """How long a post is in the hands of whoever tapped on its card first."""
        return timedelta(seconds=self.claim_seconds)

    @property
    def undo(self) -> timedelta:
        return timedelta(seconds=self.undo_seconds)

    @property
    def alarm(self) -> timedelta:
        """How often an alarm rings that nobody has acknowledged."""
        return timedelta(seconds=self.alarm_seconds)


class Moderation(_Table):
    """`overlays` are the jurisdictions whose rules apply on top of the default.

    `warm`: load the detectors at the start, not when the first post needs them. `models`: look with the trained models
    of names and places too; without them the rules alone look, which finds far fewer. `detectors` says of each detector
    of texts by name whether it is on; one that is not named is. `screens`: cover televisions, monitors, laptops and
    telephones in photos, too."""

    overlays: tuple[str, ...] = ("uk",)
    detectors: dict[str, bool] = {}
    models: bool = True
    warm: bool = True
    screens: bool = False
    characters: int = Field(default=2000, ge=100, le=10_000)

    @property
    def off(self) -> frozenset[str]:
        """The detectors of texts that are off."""
        return frozenset(name for name, on in self.detectors.items() if not on)


class Web(_Table):
    """`webhook_port`: where chat apps that call us are served; `proxies`: how many of our own stand before the site."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    webhook_port: int = Field(default=8081, ge=0, le=65535)
    proxies: int = Field(default=0, ge=0)


class Files(_Table):
    """Where the other configuration files lie, relative to patrol.toml."""

    roster: Path = Path("roster.toml")
    places: Path = Path()
    languages: Path = Path("languages")


class Settings(_Table):
    """Everything that the program can be told. Paths are absolute once loaded.

    `start_links` are addresses with {code} in them that open a chat app with an invitation code."""

    force: Force
    chat_apps: dict[str, dict[str, Any]]
    networks: dict[str, dict[str, Any]]
    times: Times = Times()
    moderation: Moderation = Moderation()
    web: Web = Web()
    files: Files = Files()
    start_links: tuple[str, ...] = ()
    database_url: str = ""
    data: Path = Path("data")
    folder: Path = Path()

    @field_validator("chat_apps", "networks")
    @classmethod
    def one_at_least(cls, tables: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        if not tables:
            raise ValueError("there must be one at least")
        return tables

    @property
    def media(self) -> Path:
        """Covered pictures that wait for a decision; not public."""
        return self.data / "media"

    @property
    def public_media(self) -> Path:
        """Pictures that are public: all that the website serves."""
        return self.data / "public"

    def known_vault_key(self) -> bytes | None:
        """The vault key, if there is one here already. Raises SettingsWrong."""
        there = VAULT_KEY in os.environ or (self.data / "vault.key").exists()
        return self.vault_key() if there else None

    def vault_key(self) -> bytes:
        """The vault key: from the environment, else from a key file made at the first start. Raises SettingsWrong."""
        given = os.environ.get(VAULT_KEY)
        if given is None:
            return key_from_file(self.data / "vault.key")
        try:
            key = bytes.fromhex(given.strip())
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise SettingsWrong(
                f"{VAULT_KEY} must hold {KEY_BYTES * 2} hexadecimal digits; `openssl rand -hex 32` makes them."
            )
        return key


def load(
    config: Path | None = None, data: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Read patrol.toml (or the file that TWEETPATROL_CONFIG names). Raises SettingsWrong."""
    environment = os.environ if environment is None else environment
    path = (config or Path(environment.get(CONFIG) or "config/patrol.toml")).resolve()
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SettingsWrong(
            f"There is no configuration file {path.name}; name one with {CONFIG} or --config."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsWrong(f"{path.name} is not valid TOML: {error}.") from error
    tables["folder"] = path.parent
    tables["data"] = (data or Path(environment.get(DATA) or tables.get("data", "data"))).resolve()
    url = (
        environment.get(DATABASE) or tables.get("database_url") or f"sqlite+aiosqlite:///{tables['data']}/patrol.sqlite"
    )
    tables["database_url"] = url
    try:
        settings = Settings.model_validate(_with_secrets(tables, environment))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsWrong(f"{path.name}: {where}: {first['msg']}.") from None
    return settings.model_copy(update={"files": _absolute(settings.files, path.parent)})


class _AnySecret(dict[str, str]):
    """An environment in which every secret is there: for commands that connect to nothing."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return "unset"

    def get(self, name: str, default: Any = None) -> Any:
        return os.environ.get(name, default)


def share_the_cores() -> None:
    """Let every process that is started from now on calculate in one thread, unless somebody asked for more.

    Several of them share few cores, where threads of a library that wait for each other take all of the time."""
    for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(threads, "1")


def without_secrets() -> Mapping[str, str]:
    """The environment for commands that need no secret."""
    return _AnySecret(os.environ)


def has_display() -> bool:
    """Whether a browser window could be opened here."""
    return bool({"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ))


def _absolute(files: Files, folder: Path) -> Files:
    return Files(
        roster=(folder / files.roster).resolve(),
        places=(folder / files.places).resolve(),
        languages=(folder / files.languages).resolve(),
    )


def _with_secrets(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _with_secrets(inner, environment) for key, inner in value.items()}
    if isinstance(value, str) and value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in environment:
            raise SettingsWrong(f"The configuration wants {name} from the environment, and it is not set there.")
        return environment[name]
    return value
