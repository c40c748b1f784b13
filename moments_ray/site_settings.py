"""How sites of videos are asked: who one is there, by which way out, how often. A part of ``settings``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

SiteName = Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]

# Of yt-dlp's arguments for its extractors those that say how to ask a site, not where, nor what to write.
EXTRACTOR_ARGUMENTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "youtube": frozenset(
            {"player_client", "player_skip", "skip", "lang", "po_token", "visitor_data", "data_sync_id", "fetch_pot"}
        ),
        "youtube-ejs": frozenset({"jitless"}),
        "tiktok": frozenset({"app_info", "device_id"}),
        "instagram": frozenset({"app_id"}),
        "twitter": frozenset({"api"}),
        "twitch": frozenset({"client_id"}),
        "vimeo": frozenset({"client"}),
    }
)
PROXY_SCHEMES = ("http", "https", "socks5")
# Neither a space nor what yt-dlp parts arguments by.
_ARGUMENT_VALUE = re.compile(r"[^\x00-\x20\x7f-\U0010ffff,;\\]{1,4000}")

ExtractorArguments = dict[str, dict[str, tuple[SecretStr, ...]]]


def _known() -> str:
    return ", ".join(
        f"{extractor}:{name}" for extractor, names in EXTRACTOR_ARGUMENTS.items() for name in sorted(names)
    )


class SiteSettings(BaseModel):
    """How one site is asked; secrets reach neither arguments of processes nor logs."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    cookies_path: Path | None = Field(
        None, description="cookies.txt (Netscape) of a signed-in browser; read where downloads run, never written"
    )
    proxies: tuple[SecretStr, ...] = Field(
        (), description="http, https or socks5 URLs to go through; the next one after a bot check or a block"
    )
    extractor_args: ExtractorArguments = Field(
        default_factory=dict, description='yt-dlp\'s, of an allowed list: {"youtube": {"player_client": ["mweb"]}}'
    )
    pause_seconds: float = Field(0.0, ge=0, le=3600, description="between two requests of the whole cluster")

    @field_validator("proxies")
    @classmethod
    def _are_proxies(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for proxy in value:
            parsed = urlsplit(proxy.get_secret_value())
            try:
                whole = parsed.scheme in PROXY_SCHEMES and bool(parsed.hostname) and parsed.port is not None
            except ValueError:
                whole = False
            if not whole:  # without the URL, which may hold a password
                raise ValueError(f"a proxy is {', '.join(PROXY_SCHEMES)}://[USER:PASSWORD@]HOST:PORT")
        return value

    @field_validator("extractor_args")
    @classmethod
    def _are_allowed(cls, value: ExtractorArguments) -> ExtractorArguments:
        for extractor, arguments in value.items():
            for name, values in arguments.items():
                if name not in EXTRACTOR_ARGUMENTS.get(extractor, ()):
                    raise ValueError(f"{extractor}:{name} is not passed on to yt-dlp; these are: {_known()}")
                if not all(_ARGUMENT_VALUE.fullmatch(each.get_secret_value()) for each in values):
                    raise ValueError(
                        f"a value of {extractor}:{name} has 1 to 4000 characters, "
                        "no space, comma, semicolon or backslash among them"
                    )
        return value
