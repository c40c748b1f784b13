"""What a provider made, fetched at once from where it says: such addresses expire, and lead nowhere else."""

from __future__ import annotations

import httpx

from moments_ray.errors import ModelBadResponse, ModelUnavailable

_LARGEST = 512 * 1024 * 1024
_SECONDS = 300.0


async def fetch_result(url: str, key: str, timeout: float) -> bytes:
    """Return the bytes at an address that was found to be the provider's; redirects are not followed.

    Raises:
        ModelUnavailable: it does not answer.
        ModelBadResponse: it answers an error, or more than 512 MiB.
    """
    pieces: list[bytes] = []
    size = 0
    try:
        async with (
            httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=min(timeout, _SECONDS)) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise ModelBadResponse(f"{key} answered {response.status_code} where its result was to be.")
            async for piece in response.aiter_bytes():
                size += len(piece)
                if size > _LARGEST:
                    raise ModelBadResponse(f"{key} made more than {_LARGEST:,} bytes.")
                pieces.append(piece)
    except httpx.HTTPError as error:
        raise ModelUnavailable(f"The result of {key} cannot be fetched: {type(error).__name__}") from error
    if not size:
        raise ModelBadResponse(f"{key} made nothing: its result is empty.")
    return b"".join(pieces)
