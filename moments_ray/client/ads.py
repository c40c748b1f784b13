"""What can be asked of ads, as a part of the client."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from moments_ray.ads.options import AdOptions, RegenerateScene, RetryAd
from moments_ray.client.caller import ApiCaller, named
from moments_ray.client.download import download
from moments_ray.client.shapes import AdDetail, AdPage, AdView, EstimateView, ScriptsView
from moments_ray.errors import SourceNotFound
from moments_ray.http.schemas.base import RequestBody
from moments_ray.http.schemas.options import request_body
from moments_ray.ids import new_identifier

_ROOT = "/api/ads/jobs"


class AdMethods(ApiCaller):
    """Ads: made, looked at, made again in part."""

    async def make_ad(self, options: AdOptions, picture: Path | None = None, *, key: str | None = None) -> AdView:
        """Make an ad, with a picture of its product; the same idempotency ``key`` again gives the same one.

        Raises:
            SourceNotFound: the picture cannot be read.
            InputError: options or picture are no good.
        """
        headers = {"Idempotency-Key": key or new_identifier()}
        asked = request_body(options)
        if picture is None:
            return self._read(await self._connection.ask("POST", _ROOT, _json(asked), headers=headers), AdView)
        try:
            data = picture.read_bytes()
        except OSError as error:
            raise SourceNotFound(f"The file {picture} cannot be read: {error.strerror or error}.") from error
        form = {"data": {"options": json.dumps(asked)}, "files": {"product_image": (picture.name, data)}}
        answer = await self._connection.ask("POST", _ROOT, lambda: nullcontext(form), headers=headers)
        return self._read(answer, AdView)

    async def estimate_ad(self, options: AdOptions, *, picture: bool = False) -> EstimateView:
        """Return what an ad is taken to cost, perhaps with a ``picture`` of its product; nothing is made."""
        path = f"/api/ads/estimate?picture={str(picture).lower()}"
        return self._read(await self._connection.ask("POST", path, _json(request_body(options))), EstimateView)

    async def ad(self, identifier: str) -> AdDetail:
        """Return an ad with its stages, films and receipts."""
        return await self._get(_ad(identifier), AdDetail)

    async def ads(self, *, limit: int = 50) -> AdPage:
        """Return the newest ads."""
        return await self._get(_ROOT, AdPage, limit=limit)

    async def ad_scripts(self, identifier: str) -> ScriptsView:
        """Return an ad's scripts."""
        return await self._get(f"{_ad(identifier)}/script", ScriptsView)

    async def retry_ad(self, identifier: str, asked: RetryAd | None = None) -> AdView:
        """Go on with an ad where it stopped, or make it again from a stage on."""
        return await self._ordered(f"{_ad(identifier)}/retry", asked or RetryAd())

    async def cancel_ad(self, identifier: str) -> AdView:
        """Stop an ad."""
        return await self._ordered(f"{_ad(identifier)}/cancel", None)

    async def regenerate_ad_scene(self, identifier: str, scene: int, asked: RegenerateScene | None = None) -> AdView:
        """Make a scene again, and the film with it."""
        return await self._ordered(f"{_ad(identifier)}/scenes/{scene}/regenerate", asked or RegenerateScene())

    async def download_ad(self, identifier: str, path: Path, *, variant: int = 1) -> Path:
        """Write an ad's film to a file, and return its path."""
        await download(self._connection, f"{_ad(identifier)}/video?variant={variant}", path)
        return path

    async def _ordered(self, path: str, body: RequestBody | None) -> AdView:
        content = _json({} if body is None else body.model_dump(mode="json", exclude_unset=True))
        return self._read(await self._connection.ask("POST", path, content), AdView)


def _ad(identifier: str) -> str:
    return f"{_ROOT}/{named(identifier)}"


def _json(body: dict[str, Any]) -> Any:
    return lambda: nullcontext({"json": body})
