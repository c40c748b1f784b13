"""One word has one meaning, the field's: words that were given up for a term of the glossary do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("moments_ray", "serve_app", "jobs", "tests", "benchmarks", "examples", "docs", "deploy")
SUFFIXES = {".py", ".md", ".yaml", ".conf", ".j2"}

# What each stands for now is the word to write.
GIVEN_UP = {
    r"rings?|ringing|rung": "notify, enqueue",
    r"bury|buried|buries": "dead letter",
    r"deaths": "crashes",
    r"unheard": "unclaimed",
    r"forgiv(e|es|en|ing)": "reset the crash count",
    r"supersed(e|es|ed|ing)": "replace",
    r"patience|patiently": "timeout, backoff",
    r"anew": "again",
    r"keepers?": "supervisor",
    r"strays?": "orphans",
    r"linger(s|ed|ing)?": "grace period",
    r"chores?": "periodic tasks",
    r"clear(s|ed|ing)? up": "cleanup",
    r"look_again|looks? again at": "refine",
    r"keyrings?": "key store",
    r"fallen silent|fell silent": "stale",
}
# Names of classes that said what had been done to something, and not what it is.
GIVEN_UP_CLASSES = re.compile(
    "_?(Asked|Board|Chosen|Described|Desk|Drive|Feed|Found|Gate|Ground|Heard|Holder|Keeper|Keyring|Made|Parts|Patience|Reach|"
    "Received|Room|Starter|Told|Wanted|Watched)"
)
# Where such a word is somebody else's: what people say in captions, an option of pip, a column before it was renamed.
OTHERS = {
    "moments_ray/speech/captions/text.py": ("ring",),
    "moments_ray/database/migrations/versions/2026_11_20_initial_schema.py": ("deaths", "rung"),
    "moments_ray/database/migrations/versions/2026_11_29_subject_in_three.py": ("deaths", "rung"),
    "tests/integration/database/old_database.py": ("deaths",),
    "tests/integration/database/test_upgrade.py": ("deaths",),
    "tests/unit/test_environment.py": ("keyring",),
}


def texts() -> Iterator[tuple[str, str]]:
    """Yield what is written for people to read, by its path; the list of changes names old words on purpose."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    paths += [path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md"]
    for path in sorted(paths):
        if path != Path(__file__):
            yield path.relative_to(ROOT).as_posix(), path.read_text()


def test_no_word_that_was_given_up_is_written_again() -> None:
    found = []
    for path, text in texts():
        for pattern, instead in GIVEN_UP.items():
            found += [
                f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match[1]!r}: write {instead}"
                for match in re.finditer(rf"(?<![a-z])({pattern})(?![a-z])", text, re.IGNORECASE)
                if match[1].lower() not in OTHERS.get(path, ())
            ]
    assert not found, "\n".join(found)


def test_no_class_is_called_by_a_participle_or_a_metaphor() -> None:
    found = [
        f"{path}:{node.lineno}: {node.name}"
        for path, text in texts()
        if path.endswith(".py") and not path.startswith("tests/")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef) and GIVEN_UP_CLASSES.fullmatch(node.name)
    ]
    assert not found, "\n".join(found)
