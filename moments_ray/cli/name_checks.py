"""Which of the document's names of settings are in the environment, and which decide."""

from __future__ import annotations

import os

from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from moments_ray.cli.checks import Finding
from moments_ray.settings import ENV_FILE_VARIABLE, Settings
from moments_ray.settings.document_names import DOCUMENT_NAMES, WITHOUT_EFFECT


async def check_names(_: Settings) -> list[Finding]:
    """Say of each name that is there what it sets, or why it sets nothing; values may be secret and are not shown."""
    file = DotEnvSettingsSource(Settings, env_file=os.environ.get(ENV_FILE_VARIABLE) or ".env")
    said = {
        name.upper(): value for each in (file, EnvSettingsSource(Settings)) for name, value in each.env_vars.items()
    }
    found = []
    for known in DOCUMENT_NAMES:
        value = said.get(known.name)
        if not value or known.read(value) is None:
            continue
        if said.get(known.own_name):
            found.append(Finding("names", "warning", f"{known.name} is overruled by {known.own_name}: remove one"))
        else:
            found.append(Finding("names", "ok", f"{known.name} is read as {known.own_name}"))
    for name, why in WITHOUT_EFFECT.items():
        if said.get(name):
            found.append(Finding("names", "ok", f"{name} has no effect: {why}"))
    return found
