"""Serves the front end: one page for every path under ``/ui/``, and its files under the digest of them all."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from jinja2 import Environment, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from moments_ray import __version__
from moments_ray.settings import Settings
from serve_app.ui.joined import JOINED, join_modules

PATH = "/ui"

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_STYLE = "theme/style.css"
# One request in place of four; the tokens are the report's, so that both look alike.
_STYLE_PARTS = ("base.css", "components.css", "pages.css", "detail.css")
_TOKENS = resources.files("moments_ray.moments.report") / "tokens.css"
# What a newcomer sees; the other pages are imported when they are wanted.
_FIRST = ("components/layout/app-layout.js", "pages/dashboard.js")
_COMPRESSION = 9  # once a process
# Comments that fill their lines: a browser has no use for a tenth of all that is packed.
_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*(?:(?!\*/).|\n)*\*/[ \t]*)\n", re.MULTILINE)
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A file of the front end, as it is sent."""

    media_type: str
    plain: bytes
    packed: bytes


@dataclass(frozen=True)
class Assets:
    """Every file by its path, and the digest that stands in their addresses."""

    files: Mapping[str, Asset]
    digest: str


def written() -> dict[str, bytes]:
    """Read the files of the front end as they stand in its folder."""
    return dict(_files(resources.files(__package__), ""))


@cache
def assets() -> Assets:
    """Return the files of the front end as they are sent; they do not change while a process lives."""
    found = written()
    parts = [found.pop(f"theme/{name}") for name in _STYLE_PARTS]
    found[_STYLE] = b"\n".join([_TOKENS.read_bytes(), *parts])
    found |= {path: without_comments(found[path].decode()).encode() for path in found if path.endswith((".js", ".css"))}
    modules = {path: found.pop(path).decode() for path in list(found) if path.endswith(".js")}
    found |= {path: text.encode() for path, text in join_modules(modules, _FIRST).items()}
    digest = hashlib.sha256()
    for path in sorted(found):
        digest.update(f"{path}\n{len(found[path])}\n".encode() + found[path])
    return Assets({path: _asset(path, content) for path, content in found.items()}, digest.hexdigest()[:16])


def mount_ui(settings: Settings) -> Mount:
    """Return the route of the front end."""
    store = None if settings.gcs_bucket_name is None else "https://storage.googleapis.com"
    headers = {
        "Content-Security-Policy": policy(store),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    sealed = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"}
    template = Environment(autoescape=True, trim_blocks=True, undefined=StrictUndefined).from_string(
        (resources.files(__package__) / "shell.html.j2").read_text(encoding="utf-8")
    )
    kept = assets()

    async def read_asset(request: Request) -> Response:
        """Return a file; one that is not there, or is of another version, is 404 and never the page."""
        asset = kept.files.get(request.path_params["path"])
        if asset is None or request.path_params["digest"] != kept.digest:
            return Response("There is no such file.", 404, {"Cache-Control": "no-store"}, "text/plain")
        sent = {**sealed, "Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(asset.plain, headers=sent, media_type=asset.media_type)
        return Response(asset.packed, headers={**sent, "Content-Encoding": "gzip"}, media_type=asset.media_type)

    async def read_page(request: Request) -> Response:
        """Return the page, the same for every path: its script looks at the address."""
        base = str(request.scope.get("root_path", "")).removesuffix(PATH)
        island = {"base": base, "version": __version__, "digest": kept.digest, "store": store}
        body = template.render(
            base=base,
            root=f"{base}{PATH}/a/{kept.digest}",
            style=_STYLE,
            joined=JOINED,
            island=json.dumps(island).replace("<", "\\u003c"),
        ).encode()
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        sent = {**headers, "Cache-Control": "no-cache", "ETag": tag}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=sent)
        return Response(body, headers=sent, media_type="text/html; charset=utf-8")

    routes = [Route("/a/{digest}/{path:path}", read_asset), Route("/{path:path}", read_page)]
    return Mount(PATH, Starlette(routes=routes), name="ui")


def policy(store: str | None) -> str:
    """Return the content security policy: nothing runs but our files; a bucket may be asked for media."""
    media = f" {store}" if store else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src 'self' data: blob:{media}; media-src 'self' blob:{media}; connect-src 'self'{media}; "
        "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )


def without_comments(code: str) -> str:
    """Return a module or a style sheet without the comments that stand on lines of their own."""
    return _COMMENT.sub("", code)


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _files(entry, f"{path}/")
        elif path.endswith(tuple(_TYPES)):
            yield path, entry.read_bytes()


def _asset(path: str, content: bytes) -> Asset:
    media_type = _TYPES[path[path.rindex(".") :]]
    return Asset(media_type, content, gzip.compress(content, _COMPRESSION, mtime=0))
