"""The root: what this is, for programs; the page, for people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import RedirectResponse

from moments_ray.http.schemas.base import Shape

router = APIRouter(tags=["health"])


class Welcome(Shape):
    """What this is, and where to look next."""

    message: str = "AI Video Generator API"
    version: str
    docs: str = "/docs"
    health: str = "/health"


@router.get(
    "/",
    response_model=Welcome,
    responses={307: {"description": "To the page, where HTML is preferred and there is one."}},
)
async def read_root(
    request: Request, response: Response, accept: Annotated[str, Header(include_in_schema=False)] = ""
) -> Welcome | Response:
    """Tell what this is and where to look next."""
    page = getattr(request.app.state, "page", None)
    if page is not None and _quality(accept, "text/html") > _quality(accept, "application/json"):
        return RedirectResponse(f"{request.scope.get('root_path', '')}{page}", headers={"Vary": "Accept"})
    response.headers["Vary"] = "Accept"
    return Welcome(version=request.app.version)


def _quality(accept: str, media_type: str) -> float:
    """Return how much a client wants a type that it names, 0 to 1."""
    for item in accept.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if name == media_type:
            given = next((value[2:] for value in parameters if value.startswith("q=")), "1")
            try:
                return float(given)
            except ValueError:
                return 0.0
    return 0.0
