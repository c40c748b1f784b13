"""``moments doctor``: every check at once, one line each."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import typer

from moments_ray.cli import checks
from moments_ray.cli.checks import Check, Finding
from moments_ray.cli.model_checks import check_models
from moments_ray.cli.name_checks import check_names
from moments_ray.errors import MomentsError
from moments_ray.settings import Settings

# In the order they are shown, with the seconds each may take; a first start of the embedded servers takes most of them.
_CHECKS: tuple[tuple[str, Check, float], ...] = (
    ("ffmpeg", checks.check_ffmpeg, 30.0),
    ("database", checks.check_database, 45.0),
    ("redis", checks.check_redis, 45.0),
    ("store", checks.check_store, 20.0),
    ("models", check_models, 75.0),
    ("speech", checks.check_speech, 20.0),
    ("ray", checks.check_ray, 30.0),
    ("disk", checks.check_disk, 10.0),
    ("javascript", checks.check_javascript, 20.0),
    ("sites", checks.check_sites, 10.0),
    ("names", check_names, 10.0),
)


async def check_everything(settings: Settings, *, as_json: bool) -> int:
    """Check everything a run needs; print it, and return 1 if something would fail."""
    asked = await asyncio.gather(*(_ask(name, check, seconds, settings) for name, check, seconds in _CHECKS))
    findings = [finding for found in asked for finding in found]
    ok = all(finding.status != "failed" for finding in findings)
    if as_json:
        document = {"ok": ok, "checks": [asdict(finding) for finding in findings]}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            typer.echo(f"{finding.status:<8} {finding.name:<{width}}  {finding.message}")
    return 0 if ok else 1


async def _ask(name: str, check: Check, seconds: float, settings: Settings) -> list[Finding]:
    try:
        async with asyncio.timeout(seconds):
            return await check(settings)
    except TimeoutError:
        return [Finding(name, "failed", f"No answer within {seconds:g} s: see whether it, or the machine, is stuck.")]
    except MomentsError as error:
        return [Finding(name, "failed", " ".join(error.message.split()))]
    except Exception as error:  # noqa: BLE001 - one broken part must not hide what the others say
        return [Finding(name, "failed", f"The check itself failed: {type(error).__name__}: {error}")]
