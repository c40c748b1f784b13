"""Conversations and what was said in them."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Asset, ChatMessage, ChatSession, Project
from moments_ray.errors import NotFound
from moments_ray.ids import new_identifier

_LISTED = 200


class Chats:
    """Reads and writes of conversations."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def create(self, *, title: str, backend: str, hf_model: str | None, project_key: int | None) -> ChatSession:
        """Begin a conversation."""
        values = {"title": title, "backend": backend, "hf_model": hf_model, "project_id": project_key}
        statement = insert(ChatSession).values(identifier=new_identifier(), **values).returning(ChatSession)
        return (await self._session.scalars(statement)).one()

    async def get(self, number: int) -> ChatSession:
        """Return a conversation.

        Raises:
            NotFound: there is none of this number.
        """
        found = (await self._session.scalars(select(ChatSession).where(ChatSession.id == number))).one_or_none()
        if found is None:
            raise NotFound(f"There is no chat session {number}.")
        return found

    async def newest(self) -> list[tuple[ChatSession, int]]:
        """Return the newest conversations, each with how many messages it has."""
        count = select(func.count()).where(ChatMessage.session_id == ChatSession.id).scalar_subquery()
        query = select(ChatSession, count).order_by(ChatSession.id.desc()).limit(_LISTED)
        return [(session, int(number)) for session, number in (await self._session.execute(query)).tuples()]

    async def messages(self, chat: ChatSession) -> list[ChatMessage]:
        """Return what was said, in order."""
        query = select(ChatMessage).where(ChatMessage.session_id == chat.id).order_by(ChatMessage.id)
        return list(await self._session.scalars(query))

    async def say(self, chat: ChatSession, role: str, content: str) -> ChatMessage:
        """Write down what one side said."""
        await self._session.execute(update(ChatSession).where(ChatSession.id == chat.id).values(updated_at=func.now()))
        values = {"session_id": chat.id, "role": role, "content": content}
        return (await self._session.scalars(insert(ChatMessage).values(**values).returning(ChatMessage))).one()

    async def video_of(self, chat: ChatSession) -> int | None:
        """Return the key of the video that a conversation is about."""
        query = select(Asset.video_id).join(Project, Project.asset_id == Asset.id)
        return (await self._session.scalars(query.where(Project.id == chat.project_id))).one_or_none()
