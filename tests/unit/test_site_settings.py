"""Settings of sites: what may be said to yt-dlp, and that secrets stay secret where something is wrong with them."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from moments_ray.media.sites import site_settings
from moments_ray.settings import Settings


def settings_of(monkeypatch: pytest.MonkeyPatch, **sites: object) -> Settings:
    monkeypatch.setenv("MOMENTS_SITES", json.dumps(sites))
    return Settings(_env_file=None)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.youtube.com/watch?v=a", "youtube.com"),
        ("https://m.youtube.com:443/watch?v=a", "youtube.com"),
        ("https://youtu.be/a", "youtube.com"),
        ("https://notyoutube.com/a", "notyoutube.com"),
        ("https://youtube.com.evil.test/a", "youtube.com.evil.test"),
    ],
)
def test_a_site_is_known_by_its_host_and_those_below_it(monkeypatch: pytest.MonkeyPatch, url: str, name: str) -> None:
    settings = settings_of(monkeypatch, **{"youtube.com": {"pause_seconds": 5}})
    found, site = site_settings(url, settings)
    assert (found, site.pause_seconds) == (name, 5 if name == "youtube.com" else 0)


@pytest.mark.parametrize(
    ("site", "told"),
    [
        ({"extractor_args": {"generic": {"impersonate": ["chrome"]}}}, "youtube:po_token"),
        ({"extractor_args": {"youtube": {"innertube_host": ["inside.test"]}}}, "youtube:po_token"),
        ({"extractor_args": {"youtube": {"po_token": ["t0ken;innertube_host=x"]}}}, "semicolon"),
        ({"extractor_args": {"youtube": {"po_token": ["t0ken\n--exec x"]}}}, "space"),
        ({"proxies": ["ftp://user:t0ken@host:1"]}, "socks5"),
        ({"proxies": ["http://user:t0ken@host"]}, "HOST:PORT"),
    ],
)
def test_what_is_not_allowed_is_refused_without_repeating_it(
    monkeypatch: pytest.MonkeyPatch, site: dict[str, object], told: str
) -> None:
    with pytest.raises(ValidationError, match=told) as refused:
        settings_of(monkeypatch, **{"youtube.com": site})
    assert "t0ken" not in str(refused.value)
