"""The front end as it is served: one page for every address, files that never change, and a policy that is kept."""

from __future__ import annotations

import json
import posixpath
import re
from graphlib import TopologicalSorter
from typing import Any

import click
import httpx
import typer

from moments_ray.cli.app import app
from serve_app.ui.mount import assets, policy, without_comments, written

FORBIDDEN = re.compile(
    r"\.(?:inner|outer)HTML|insertAdjacentHTML|document\.write|createContextualFragment|\beval\(|new Function|"
    r"setAttribute\(\"(?:style|on)|localStorage\.setItem\([^)]*key\b"
)
MOST_LINES = 300
MOST_GZIPPED = 120 * 1024  # of the pages of videos, moments and runs, in English
MOST_GZIPPED_MORE = 28 * 1024  # of all pages of other products
OTHER_PRODUCTS = re.compile(r"(?:pages|components|theme)/(?:job|backfill|ad|new-ad)s?(?:/|\.)")
MOST_GZIPPED_EDITOR = 48 * 1024  # of the pages of projects, and of films and pictures from text, alone
EDITOR = re.compile(r"pages/(?:projects?|made)\.js|components/editor/|theme/editor\.css")
FLOORS = ("core", "services", "components", "pages")
IMPORT = re.compile(r"(?:from |import\()\"(\.[^\"]+)\"")  # also what is imported only once it is wanted
CALL = re.compile(r"\bt\(\"((?:[^\"\\]|\\.)*)\"")
PLURAL = re.compile(r"\bplural\(.*?, \"(?:[^\"\\]|\\.)*\", \"((?:[^\"\\]|\\.)*)\"")


async def test_every_address_is_the_same_page_and_a_missing_file_never_is(abandoned: httpx.AsyncClient) -> None:
    deep = await abandoned.get("/ui/videos/some-video?t=12.5&m=x")
    assert deep.status_code == 200
    assert deep.content == (await abandoned.get("/ui/")).content
    assert (deep.headers["cache-control"], deep.headers["x-content-type-options"]) == ("no-cache", "nosniff")
    again = await abandoned.get("/ui/", headers={"if-none-match": deep.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for path in ("/ui/a/0000/main.js", f"/ui/a/{assets().digest}/no-such.js", f"/ui/a/{assets().digest}/mount.py"):
        missing = await abandoned.get(path)
        assert (missing.status_code, missing.headers["cache-control"]) == (404, "no-store"), path
        assert "<html" not in missing.text
    assert (await abandoned.get("/ui", follow_redirects=False)).headers["location"].endswith("/ui/")
    assert (await abandoned.post("/ui/")).status_code == 405


async def test_every_file_that_the_page_names_is_there_for_ever(abandoned: httpx.AsyncClient) -> None:
    page = (await abandoned.get("/ui/")).text
    links = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert [link.rpartition("/")[2] for link in links[:4]] == ["icon.svg", "style.css", "first.js", "main.js"]
    for link in links:
        if link.endswith("/docs"):
            continue
        found = await abandoned.get(link)
        assert (found.status_code, found.headers["content-encoding"]) == (200, "gzip"), link
        assert "immutable" in found.headers["cache-control"]
        assert "//" not in link
    plain = await abandoned.get(links[1], headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == (await abandoned.get(links[1])).text


def test_every_module_that_is_imported_late_is_sent() -> None:
    sent = {path: asset.plain.decode() for path, asset in assets().files.items() if path.endswith(".js")}
    late = {imported(path, name) for path, code in sent.items() for name in re.findall(r"\bimport\(\"([^\"]+)\"", code)}
    pages = {path for path in written() if path.startswith("pages/")}
    assert len(late) > 10
    assert late | pages <= sent.keys()


async def test_nothing_runs_in_the_page_but_its_files(abandoned: httpx.AsyncClient) -> None:
    answer = await abandoned.get("/ui/")
    allowed = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert (allowed["default-src"], allowed["script-src"], allowed["style-src"]) == ("'none'", "'self'", "'self'")
    assert allowed["require-trusted-types-for"] == "'script'"
    scripts = re.findall(r"<script([^>]*)>", answer.text)
    assert all("src=" in one or 'type="application/json"' in one for one in scripts)
    assert not re.search(r"style=|<style|\son\w+=", answer.text)
    assert "media-src 'self' blob: https://bucket.example" in policy("https://bucket.example")


async def test_addresses_follow_the_prefix_that_the_application_is_served_under(abandoned: httpx.AsyncClient) -> None:
    served: Any = abandoned._transport
    transport = httpx.ASGITransport(served.app, root_path="/moments")
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        page = (await client.get("/moments/ui/videos")).text
        island = json.loads(re.findall(r"id=\"island\">(.*?)</script>", page)[0])
        assert island["base"] == "/moments"
        assert f"/moments/ui/a/{assets().digest}/main.js" in page
        answer = await client.get("/moments/", headers={"accept": "text/html"})
        assert answer.headers["location"] == "/moments/ui/"


def test_text_of_a_server_is_never_markup() -> None:
    for path, asset in assets().files.items():
        assert not (found := FORBIDDEN.search(asset.plain.decode())), f"{path}: {found and found[0]}"


def test_a_module_is_worth_opening_and_short_enough_to_read() -> None:
    modules = {path: code for path, code in written().items() if path.endswith(".js")}
    assert {path for path, code in modules.items() if code.count(b"\n") > MOST_LINES} == set()
    sizes = {path: len(asset.packed) for path, asset in assets().files.items() if not path.startswith("locale/")}
    others = sum(size for path, size in sizes.items() if OTHER_PRODUCTS.match(path))
    editor = sum(size for path, size in sizes.items() if EDITOR.match(path))
    assert sum(sizes.values()) - others - editor <= MOST_GZIPPED
    assert others <= MOST_GZIPPED_MORE
    assert editor <= MOST_GZIPPED_EDITOR


def test_comments_that_fill_their_lines_are_not_sent_and_every_line_of_code_is() -> None:
    kept = 'const url = "https://x"; // here\n  f(/\\/\\*/); /* too */\n'
    assert without_comments(f"// Why.\n/** What\n * it does. */\n{kept}  /* a /b/ */\n") == kept
    for path, asset in assets().files.items():
        assert not path.endswith(".js") or not re.search(rb"^\s*(//|/\*|\* )", asset.plain, re.MULTILINE), path


def test_modules_need_each_other_from_pages_down_and_never_in_a_circle() -> None:
    modules = {path: code.decode() for path, code in written().items() if path.endswith(".js")}
    needs = {path: {imported(path, name) for name in IMPORT.findall(code)} for path, code in modules.items()}
    for path, others in needs.items():
        assert others <= modules.keys(), path
        assert {other for other in others if floor(other) > floor(path)} == set(), path
    tuple(TopologicalSorter(needs).static_order())  # raises where there is a circle


def imported(path: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def floor(path: str) -> int:
    """How high a module stands; what begins everything, above all."""
    folder = path.partition("/")[0]
    return FLOORS.index(folder) if folder in FLOORS else len(FLOORS)


def test_every_sentence_of_the_page_is_translated() -> None:
    locales = [asset for path, asset in assets().files.items() if path.startswith("locale/")]
    code = "\n".join(asset.plain.decode() for path, asset in assets().files.items() if path.endswith(".js"))
    wanted = {json.loads(f'"{text}"') for text in (*CALL.findall(code), *PLURAL.findall(code))}
    assert len(wanted) > 200
    for asset in locales:
        known = json.loads(asset.plain)
        assert wanted - known.keys() == set()
        assert known.keys() - wanted == set(), "sentences that nobody says"
        for text, said in known.items():
            names = set(re.findall(r"\{\w+\}", text))
            for one in said.values() if isinstance(said, dict) else [said]:
                assert set(re.findall(r"\{\w+\}", one)) <= names | {"{n}"}, text


def test_commands_that_settings_name_are_those_of_the_command_line() -> None:
    code = written()["components/settings/access.js"].decode()
    named = re.findall(r"moments (keys [^\\\"]+)", code)
    assert len(named) == 3
    for line in named:
        command, words = typer.main.get_command(app), line.replace("read|write|admin", "read").split()
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        command.make_context(line, words)  # raises where it takes no such words
