"""The pages that show the API: Swagger UI and ReDoc from this machine, under a policy that lets nothing else run."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

router = APIRouter(prefix="", include_in_schema=False)

_ASSETS = Path(str(files("fastapi_offline"))) / "static"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
_FOR_A_DAY = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>moments API</title>
<link rel="icon" href="docs/favicon.png">
{head}
</head>
<body>
{body}
</body>
</html>
"""
_SWAGGER = _PAGE.format(
    head='<link rel="stylesheet" href="docs/swagger-ui.css">',
    body='<div id="api"></div>\n<script src="docs/swagger-ui-bundle.js"></script>\n'
    '<script src="docs/start.js"></script>',
)
_REDOC = _PAGE.format(
    head="",
    body='<redoc spec-url="openapi.json"></redoc>\n<script src="docs/redoc.standalone.js"></script>',
)
_START = (
    'SwaggerUIBundle({url: "openapi.json", dom_id: "#api", deepLinking: true, persistAuthorization: false, '
    "validatorUrl: null});\n"
)

Asset = Literal["favicon.png", "swagger-ui.css", "swagger-ui-bundle.js", "redoc.standalone.js"]
OPEN = frozenset({"/docs", "/redoc", "/docs/start.js", *(f"/docs/{name}" for name in get_args(Asset))})


@router.get("/docs")
async def show_swagger() -> HTMLResponse:
    """Show the API, to be tried."""
    return HTMLResponse(_SWAGGER, headers=_HEADERS)


@router.get("/redoc")
async def show_redoc() -> HTMLResponse:
    """Show the API, to be read."""
    return HTMLResponse(_REDOC, headers=_HEADERS)


@router.get("/docs/start.js")
async def read_start() -> Response:
    """Return what starts Swagger UI: a script of its own, since the policy lets none run that stands in the page."""
    return Response(_START, media_type="text/javascript", headers=_FOR_A_DAY)


@router.get("/docs/{asset}")
async def read_asset(asset: Asset) -> FileResponse:
    """Return a script, a style or a picture of the pages."""
    return FileResponse(_ASSETS / asset, headers=_FOR_A_DAY)
