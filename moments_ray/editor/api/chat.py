"""Conversations about an edit."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field, JsonValue

from moments_ray.database.tables import ChatMessage, ChatSession
from moments_ray.editor import chat
from moments_ray.editor.api.dependencies import Editor, Reference
from moments_ray.editor.chat import Conversation, Turn
from moments_ray.editor.proposals import Proposal, propose
from moments_ray.editor.queries.chats import Chats
from moments_ray.editor.roles import ASSISTANT
from moments_ray.editor.timeline import Timeline
from moments_ray.errors import ModelNotConfigured
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import RequestBody, Shape
from moments_ray.http.schemas.options import SOMETHING, Text
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.models.gateway import Gateway

router = APIRouter(prefix="/api/chat/sessions", tags=["chat"])


class NewSession(RequestBody):
    """A conversation to begin."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Cut the pauses", "project_id": 1}]})

    title: Annotated[Text, Field(min_length=1, max_length=200, pattern=SOMETHING)] = "New Chat"
    backend: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")] | None = Field(
        None, description="stub, hf, or the key of a model; unset: the deployment's"
    )
    hf_model: Annotated[Text, Field(max_length=200)] | None = None
    project_id: Annotated[int, Field(ge=1, lt=2**62)] | None = Field(None, description="the project it is about")


class SendMessage(RequestBody):
    """What the user says."""

    message: Annotated[Text, Field(min_length=1, max_length=8000, pattern=SOMETHING)]


class ChatMessageView(Shape):
    """What one side said; ``proposal`` are edits that can be made by sending its ``timeline``."""

    id: int
    role: str
    content: str
    status: str
    tokens: int
    actions: list[dict[str, JsonValue]]
    proposal: dict[str, JsonValue] | None
    created_at: datetime


class ChatSessionView(Shape):
    """A conversation; in lists without its messages."""

    id: int
    identifier: str
    title: str
    backend: str
    hf_model: str | None
    project_id: int | None
    message_count: int
    messages: list[ChatMessageView] | None = None
    created_at: datetime
    updated_at: datetime


class ChatSessionList(Shape):
    """Conversations, the newest first."""

    sessions: list[ChatSessionView]


class ChatSendResponse(Shape):
    """A conversation after a message, and the reply by itself."""

    session: ChatSessionView
    reply: ChatMessageView


@router.get("")
async def list_chat_sessions(dependencies: Dependencies) -> ChatSessionList:
    """List conversations, the newest first, without their messages."""
    async with dependencies.environment.database.read() as session:
        found = await Chats(session).newest()
    return ChatSessionList(sessions=[_view(each, count) for each, count in found])


@router.post("", status_code=201, responses=problems(404))
async def create_chat_session(dependencies: Dependencies, editor: Editor, body: NewSession) -> ChatSessionView:
    """Begin a conversation, about a project where one is named; a model of the registry may be its backend."""
    project = None if body.project_id is None else (await editor.get(str(body.project_id))).project.id
    backend = body.backend or dependencies.environment.settings.chat_backend
    if backend not in {chat.RULES, chat.HUGGING_FACE}:
        with suppress(ModelNotConfigured):  # it may be by the time it is asked
            await dependencies.environment.service(Gateway).registry.resolve(backend, ASSISTANT)
    async with dependencies.environment.database.begin() as session:
        made = await Chats(session).create(
            title=body.title, backend=backend, hf_model=body.hf_model, project_key=project
        )
        return _view(made, 0, [])


@router.get("/{session_id}", responses=problems(404))
async def read_chat_session(dependencies: Dependencies, session_id: Reference) -> ChatSessionView:
    """Return a conversation with all that was said, in order."""
    async with dependencies.environment.database.read() as session:
        found = await Chats(session).get(session_id)
        messages = await Chats(session).messages(found)
    return _view(found, len(messages), messages)


@router.post("/{session_id}/messages", responses=problems(404, 409, 502, 503))
async def send_chat_message(dependencies: Dependencies, session_id: Reference, body: SendMessage) -> ChatSendResponse:
    """Say something, and have the conversation's backend reply; what was said is kept even where it cannot.

    Edits that it proposes are made by nobody but whoever sends `proposal` to the project's timeline.
    """
    environment = dependencies.environment
    async with environment.database.begin() as session:
        found, asked = await Chats(session).ask(session_id, body.message)
    status = "failed"
    try:
        said, proposal = await _answered(dependencies, found)
        status = "answered"
    finally:
        if status == "failed":
            async with environment.database.begin() as session:
                await Chats(session).settle(asked, status)
    async with environment.database.begin() as session:
        reply = await Chats(session).reply(
            found,
            asked,
            content=said.reply,
            tokens=said.tokens,
            proposal=None if proposal is None else proposal.model_dump(mode="json"),
        )
    return ChatSendResponse(session=await read_chat_session(dependencies, session_id), reply=_message(reply))


async def _answered(dependencies: Dependencies, found: ChatSession) -> tuple[chat.Reply, Proposal | None]:
    """Have a conversation's backend answer, and try what it proposes on the project's timeline."""
    environment = dependencies.environment
    async with environment.database.read() as session:
        messages = await Chats(session).messages(found)
        about = await Chats(session).about(found)
        transcript = None if about is None else await Transcripts(session).get(about[1].id)
    timeline = Timeline()
    if about is not None and about[0].timeline is not None:
        timeline = Timeline.model_validate(about[0].timeline)
    asked = Conversation(
        turns=[Turn("user" if each.role == "user" else "assistant", each.content) for each in messages],
        transcript=transcript.full_text if transcript is not None else "",
        timeline=timeline,
    )
    gateway = environment.service(Gateway)
    said = await chat.answer(found.backend, found.hf_model, asked, gateway, environment.settings)
    proposal = None
    if about is not None and about[1].duration is not None:
        proposal = propose(said.edits, timeline, about[0].version, about[1].duration)
    return said, proposal


def _view(chat_session: ChatSession, count: int, messages: list[ChatMessage] | None = None) -> ChatSessionView:
    return ChatSessionView(
        id=chat_session.id,
        identifier=chat_session.identifier,
        title=chat_session.title,
        backend=chat_session.backend,
        hf_model=chat_session.hf_model,
        project_id=chat_session.project_id,
        message_count=count,
        messages=None if messages is None else [_message(each) for each in messages],
        created_at=chat_session.created_at,
        updated_at=chat_session.updated_at,
    )


def _message(message: ChatMessage) -> ChatMessageView:
    proposal = message.proposal or {}
    return ChatMessageView(
        id=message.id,
        role=message.role,
        content=message.content,
        status=message.status,
        tokens=message.tokens,
        actions=proposal.get("actions", []),
        proposal=proposal.get("timeline"),
        created_at=message.created_at,
    )
