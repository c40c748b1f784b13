"""Conversations and what was said in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Asset, ChatMessage, ChatSession, Project, Video
from moments_ray.editor.queries.projects import number_of
from moments_ray.errors import Conflict, NotFound
from moments_ray.ids import new_identifier

_LISTED = 200
_WAITS_SECONDS = 150  # longer than any backend is waited for: whoever asked has died


class Chats:
    """Reads and writes of conversations."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def create(self, *, title: str, backend: str, hf_model: str | None, project_key: int | None) -> ChatSession:
        """Begin a conversation."""
        values = {"title": title, "backend": backend, "hf_model": hf_model, "project_id": project_key}
        statement = insert(ChatSession).values(identifier=new_identifier(), **values).returning(ChatSession)
        return (await self._session.scalars(statement)).one()

    async def get(self, reference: str) -> ChatSession:
        """Return a conversation by its number or identifier; raises NotFound."""
        return await self._one(reference, select(ChatSession))

    async def newest(self) -> list[tuple[ChatSession, int]]:
        """Return the newest conversations, each with how many messages it has."""
        count = select(func.count()).where(ChatMessage.session_id == ChatSession.id).scalar_subquery()
        query = select(ChatSession, count).order_by(ChatSession.id.desc()).limit(_LISTED)
        return [(session, int(number)) for session, number in (await self._session.execute(query)).tuples()]

    async def messages(self, chat: ChatSession) -> list[ChatMessage]:
        """Return what was said, in order."""
        query = select(ChatMessage).where(ChatMessage.session_id == chat.id).order_by(ChatMessage.id)
        return list(await self._session.scalars(query))

    async def ask(self, reference: str, content: str) -> tuple[ChatSession, ChatMessage]:
        """Write down what the user said; it waits for its answer.

        Raises:
            NotFound: there is no such conversation.
            Conflict: the message before waits still.
        """
        chat = await self._one(reference, select(ChatSession).with_for_update())
        waits = select(ChatMessage.id).where(
            ChatMessage.session_id == chat.id,
            ChatMessage.status == "waiting",
            ChatMessage.created_at > func.now() - timedelta(seconds=_WAITS_SECONDS),
        )
        if await self._session.scalar(waits.limit(1)) is not None:
            raise Conflict("The message before is being answered: wait for that.")
        return chat, await self._say(chat, role="user", content=content, status="waiting")

    async def reply(self, chat: ChatSession, asked: ChatMessage, **values: Any) -> ChatMessage:
        """Write down the answer to a message."""
        await self.settle(asked, "answered")
        return await self._say(chat, role="assistant", **values)

    async def settle(self, asked: ChatMessage, status: str) -> None:
        """Write down that a message does not wait any more."""
        await self._session.execute(update(ChatMessage).where(ChatMessage.id == asked.id).values(status=status))

    async def _one(self, reference: str, query: Select[tuple[ChatSession]]) -> ChatSession:
        number = number_of(reference)
        wanted = ChatSession.identifier == reference if number is None else ChatSession.id == number
        found = await self._session.scalar(query.where(wanted))
        if found is None:
            raise NotFound(f"There is no chat session {reference}.")
        return found

    async def _say(self, chat: ChatSession, **values: Any) -> ChatMessage:
        await self._session.execute(update(ChatSession).where(ChatSession.id == chat.id).values(updated_at=func.now()))
        statement = insert(ChatMessage).values(session_id=chat.id, **values).returning(ChatMessage)
        return (await self._session.scalars(statement)).one()

    async def about(self, chat: ChatSession) -> tuple[Project, Video] | None:
        """Return the project that a conversation is about, with its video."""
        query = select(Project, Video).join(Asset, Asset.id == Project.asset_id).join(Video, Video.id == Asset.video_id)
        return (await self._session.execute(query.where(Project.id == chat.project_id))).tuples().first()
