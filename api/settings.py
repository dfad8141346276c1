"""Settings: the only reader of the environment (``FAQ_*``) and of ``faq.toml``.

A variable of the environment wins over the file, the file over the defaults. Lower rooms take plain
arguments and know nothing of this.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from assistant.tickets.targets import ServiceTargets, Target
from knowledge.article import language_tag
from knowledge.errors import ConfigurationError, FaqError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FILE = "faq.toml"

_SHOWN = 60  # characters of a value that is refused

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Minutes = Annotated[int, Field(ge=1, le=525_600)]


class Settings(BaseSettings):
    """Every setting, its default, and what it does."""

    model_config = SettingsConfigDict(env_prefix="FAQ_", env_nested_delimiter="__", toml_file=FILE, extra="forbid")

    data_dir: Path = Field(Path("data"), description="Folder that holds everything the server writes.")
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the database; `faq.db` (SQLite) in the data folder by default."
    )
    host: str = Field("127.0.0.1", description="Address to listen on; another than loopback needs a key.")
    port: int = Field(8080, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    encoder: str | None = Field(
        None,
        description="Encoder of the next builds: `embedded`, or name or path of a sentence-transformers model; "
        "by default that of the index that answers, which `faq encoder use` changes.",
    )
    default_language: str = Field("en", description="Language of imported rows without one, and of replies at worst.")
    languages: list[str] = Field(
        [],
        examples=[["be", "ru"]],
        description="Languages customers may write in, and ask for in words (JSON list); empty means all that are "
        "identified.",
    )
    channel_languages: dict[str, str] = Field(
        {}, examples=[{"shop-de": "de"}], description="Language of a channel (JSON object), such as a German site."
    )
    desk_language: str | None = Field(
        None,
        description="Language that agents read: customers' questions on tickets are translated into it; the default "
        "language unless set.",
    )
    encoder_languages: list[str] = Field(
        [],
        examples=[["en", "de"]],
        description="Languages that the encoder knows (JSON list), where its card does not tell; questions in others "
        "are translated before the search.",
    )
    answer_threshold: Probability | None = Field(
        None, description="Confidence from which a question is answered; the encoder's calibration has one."
    )
    clarify_threshold: Probability | None = Field(
        None, description="Probability of the right article being among the choices from which they are offered."
    )
    target_precision: float = Field(
        0.95,
        ge=0.5,
        lt=1.0,
        description="Share of right ones among the answers that the thresholds promise; the next build calibrates "
        "to it.",
    )
    gate_precision: Probability | None = Field(
        None,
        description="Share of right ones among the answers to golden questions below which a new index does not "
        "answer.",
    )
    gate_coverage: Probability | None = Field(
        None,
        description="Share of the golden questions with an article that are answered rightly, below which a new index "
        "does not answer.",
    )
    gate_compare: bool = Field(
        True, description="Keep a new index from answering that is worse on the golden questions, beyond noise."
    )
    translation_budget: float = Field(
        2.0,
        gt=0,
        le=60,
        description="Seconds a customer waits for a machine translation; it goes on, and is remembered.",
    )
    translation_workers: int = Field(
        1, ge=1, le=64, description="Texts that machines translate at once; each may use all cores."
    )
    apertium: str = Field(
        "auto",
        description="Program `apertium` of the system, which translates between close languages: its path, `auto` "
        "to find it, or `off`.",
    )
    timezone: str = Field(
        "UTC", description="IANA time zone of the times promised to customers whose own is not known."
    )
    faq_url: str = Field("", description="Where customers read the FAQ; named in acknowledgements of e-mails.")
    max_question_length: int = Field(2_000, ge=1, le=20_000, description="Characters of a question.")
    max_body_bytes: int = Field(1_048_576, ge=1_024, description="Bytes of a request, file uploads apart.")
    max_upload_bytes: int = Field(67_108_864, ge=1_024, description="Bytes of an uploaded file.")
    first_response_minutes: dict[str, Minutes] = Field(
        {},
        examples=[{"urgent": 30}],
        description="First answer, per priority (JSON object): `urgent` 60, `high` 240, `normal` 480, `low` 1440.",
    )
    solve_minutes: dict[str, Minutes] = Field(
        {},
        examples=[{"urgent": 120}],
        description="Promised full answer, per priority: `urgent` 240, `high` 480, `normal` 1440, `low` 4320.",
    )
    requests_per_minute: int | None = Field(
        None, ge=1, description="Requests a key may make a minute unless it has a rate of its own; none by default."
    )
    public_ask: bool = Field(
        False,
        description="Whether anybody may ask without a key, as a public chat page needs; nothing else opens.",
    )
    cors_origins: list[str] = Field(
        [],
        examples=[["https://shop.example"]],
        description="Web origins that may call the API from a browser (JSON list).",
    )
    receipt_days: int | None = Field(
        None, ge=1, description="Days after which receipts and feedback are deleted; never by default. Tickets stay."
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error.")

    @field_validator("default_language")
    @classmethod
    def _is_language(cls, value: str) -> str:
        return _checked(value)

    @field_validator("desk_language")
    @classmethod
    def _is_desk_language(cls, value: str | None) -> str | None:
        return None if value is None else _checked(value)

    @field_validator("languages", "encoder_languages")
    @classmethod
    def _are_languages(cls, value: list[str]) -> list[str]:
        return [_checked(language) for language in value]

    @field_validator("channel_languages")
    @classmethod
    def _are_channel_languages(cls, value: dict[str, str]) -> dict[str, str]:
        return {channel: _checked(language) for channel, language in value.items()}

    @field_validator("timezone")
    @classmethod
    def _is_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is no IANA time zone such as 'Europe/Minsk'") from error
        return value

    @model_validator(mode="after")
    def _have_order(self) -> Settings:
        self.targets()
        return self

    @property
    def database(self) -> str:
        """The URL of the database in use."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'faq.db'}"

    @property
    def generations_folder(self) -> Path:
        """Where generations are kept."""
        return self.data_dir.absolute() / "generations"

    @property
    def packages_folder(self) -> Path:
        """Where translation packages are kept."""
        return self.data_dir.absolute() / "translation"

    def targets(self) -> ServiceTargets:
        """Return the service targets; raises ValueError for priorities there are not."""
        usual = ServiceTargets()
        known = {"urgent", "high", "normal", "low"}
        if unknown := sorted({*self.first_response_minutes, *self.solve_minutes} - known):
            raise ValueError(f"{unknown[0]!r} is no priority; expected one of {', '.join(sorted(known))}")
        try:
            return ServiceTargets(
                **{
                    priority: Target(
                        first_response=self.first_response_minutes.get(
                            priority, getattr(usual, priority).first_response
                        ),
                        solve=self.solve_minutes.get(priority, getattr(usual, priority).solve),
                    )
                    for priority in sorted(known)
                }
            )
        except FaqError as error:
            raise ValueError(str(error)) from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the file below the environment."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(**overrides: object) -> Settings:
    """Return the settings in force; raises ConfigurationError naming the setting, the value and the mend."""
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigurationError(f"{_told(error.errors()[0])} See the table of settings in the README.") from error
    except SettingsError as error:  # a variable of the environment that is no JSON
        field = next((name for name in Settings.model_fields if f'"{name}"' in str(error)), None)
        came = getattr(error.__cause__, "doc", None)
        if field is None or came is None:
            raise ConfigurationError(f"The settings cannot be read: {error}.") from error
        raise ConfigurationError(
            f"{_where(field)}: expected {_expected(field)}, got {str(came)[:_SHOWN]!r}. "
            "See the table of settings in the README."
        ) from error
    except ValueError as error:  # faq.toml is no TOML
        raise ConfigurationError(f"The settings cannot be read: {error}.") from error


def _told(error: ErrorDetails) -> str:
    """Return in a sentence what was expected of a setting, and what came."""
    field, *inside = map(str, error["loc"] or ("",))
    where = ", at ".join([_where(field), *inside]) if field else "The settings"
    if error["type"] == "value_error":  # a check of ours, which shows what came
        return f"{where}: {str(error['ctx']['error']).rstrip('.')}."
    came = str(error["input"])[:_SHOWN]
    if error["type"] in ("list_type", "dict_type"):
        return f"{where}: expected {_expected(field)}, got {came!r}."
    return f"{where}: {error['msg']}, got {came!r}."


def _where(field: str) -> str:
    return f"FAQ_{field.upper()} (or {field} in {FILE})"


def _expected(field: str) -> str:
    example = (Settings.model_fields[field].examples or [{}])[0]
    return f"a JSON {'list' if isinstance(example, list) else 'object'} such as {json.dumps(example)}"


def settings_table() -> str:
    """Return all settings as a table in Markdown, for the README."""
    lines = ["| variable | default | what it does |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = (
            ""
            if default in (None, "", [], {})
            else f"`{str(default).lower() if isinstance(default, bool) else default}`"
        )
        lines.append(f"| `FAQ_{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(lines) + "\n"


def _checked(language: str) -> str:
    try:
        return language_tag(language)
    except FaqError as error:
        raise ValueError(str(error)) from error
