"""The reference pages that are made from code: every setting as ``.env.example``, every error as ``docs/errors.md``.

``make docs`` writes both; a test fails where they are not current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, SecretStr
from pydantic.fields import FieldInfo

from moments_ray.errors import MomentsError, all_errors
from moments_ray.products import model_roles
from moments_ray.settings import Quota, Settings

_COMPUTED = {"home": "~/.moments, or /var/lib/moments for root"}


def env_example() -> str:
    """Return every setting with its default, as a file for ``.env``."""
    lines = [
        "# Every setting with its default; copy to .env and take the # from those that are to change.",
        "# Secrets belong in the environment or a file that only the service reads; MOMENTS_ENV_FILE names that file.",
    ]
    defaults = {name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()}
    for name, field, default in _settings(Settings, defaults, "MOMENTS_"):
        comment = f"  # {field.description}" if field.description else ""
        lines.append(f"#{name}={default}{comment}")
    return "\n".join(lines) + "\n"


def _settings(group: type[BaseModel], defaults: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, FieldInfo, str]]:
    for attribute, field in group.model_fields.items():
        alias, default = field.validation_alias, defaults[attribute]
        if isinstance(alias, AliasChoices):
            alias = alias.choices[0]
        name = alias if isinstance(alias, str) else f"{prefix}{attribute.upper()}"
        groups = {name: default} if isinstance(default, BaseModel) else {}
        if field.annotation == dict[str, Quota]:
            groups = {f"{name}__{role.name.upper()}": role.quota for role in model_roles()}
        if groups:
            for named, group_default in groups.items():
                yield from _settings(type(group_default), dict(group_default), f"{named}__")
        else:
            yield name, field, _COMPUTED.get(attribute) or _shown(default)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return "********"
    if isinstance(value, bool | tuple | list | dict):
        return json.dumps(value, default=BaseModel.model_dump)
    return f"{value:g}" if isinstance(value, float) else str(value)


def errors_page() -> str:
    """Return every error with its code, HTTP status, whether it is worth retrying, and its default message."""
    lines = [
        "# Errors",
        "",
        "Codes are stable. *Retry* tells whether the same request may come through later. A command that ends with",
        "one of these says it in one sentence with the code, and exits with the status in the last column.",
        "",
        "| code | HTTP | retry | meaning | exit |",
        "|---|---|---|---|---|",
    ]
    known: dict[str, type[MomentsError]] = {}
    for error in all_errors():
        known.setdefault(error.code, error)
    for code, error in sorted(known.items()):
        retry = "yes" if error.retryable else "no"
        lines.append(f"| `{code}` | {error.status} | {retry} | {error().message} | {error.exit_status} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write both pages into the checkout that is the current directory."""
    Path(".env.example").write_text(env_example(), "utf-8")
    Path("docs/errors.md").write_text(errors_page(), "utf-8")
    sys.stdout.write("wrote .env.example and docs/errors.md\n")


if __name__ == "__main__":
    main()
