"""Films and pictures that were made of words, by their names in /media/final/."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import MadeFileRow, Run
from moments_ray.errors import NotFound


class MadeFiles:
    """Reads and writes of made files."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def put(self, run: str, output_name: str, output_url: str) -> None:
        """Name what a run made."""
        run_key = select(Run.id).where(Run.identifier == run).scalar_subquery()
        await self._session.execute(
            insert(MadeFileRow).values(run_id=run_key, output_name=output_name, output_url=output_url)
        )

    async def named(self, output_name: str) -> str:
        """Return the object of a made file.

        Raises:
            NotFound: there is none of this name.
        """
        found = await self._session.scalar(select(MadeFileRow.output_url).where(MadeFileRow.output_name == output_name))
        if found is None:
            raise NotFound("There is no such file.")
        return found
