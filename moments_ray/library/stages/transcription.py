"""TRANSCRIPTION: what was said, by the best ear there is, checked before anybody relies on it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pydantic import JsonValue

from moments_ray.database.session import WriteSession
from moments_ray.engine import Context, Resources, stage
from moments_ray.engine.context import Write
from moments_ray.engine.environment import Environment
from moments_ray.errors import RecogniserUnavailable
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.queries.videos import Videos
from moments_ray.library.roles import TRANSCRIBER
from moments_ray.library.values import AudioObject, SourceVideo, SpeechOptions, TranscriptRef
from moments_ray.media.subtitles import extract_subtitles
from moments_ray.models.gateway import Gateway
from moments_ray.models.recogniser import RemoteRecogniser
from moments_ray.settings import Settings, WhisperSize
from moments_ray.speech.given_captions import GivenCaptions
from moments_ray.speech.health import check
from moments_ray.speech.recognisers import CaptionFile, Origin, Recogniser, choose, recognisers, usable, without_speech
from moments_ray.speech.transcript import Transcript
from moments_ray.speech.whisper_models import is_of_size


async def _identity(environment: Environment) -> JsonValue:
    """Return which recognisers there are: with another one a video is transcribed again, which may choose the same."""
    remote = await environment.service(Gateway).registry.transcribers()
    here = await asyncio.to_thread(usable, environment.settings)
    sizes = [size] if (size := environment.settings.speech.model_size) is not None else []
    return [*sorted(entry.key for entry in remote), *here, *sizes]


@stage(
    "TRANSCRIPTION",
    resources=Resources(cpus=2),
    timeout=6 * 3600,
    attempts=2,
    reusable=True,
    identity=_identity,
    gpu_share=lambda settings: settings.speech.gpu_share,
)
async def transcribe_speech(
    ctx: Context, video: SourceVideo, audio: AudioObject | None, options: SpeechOptions
) -> TranscriptRef:
    """Choose a recogniser, transcribe, check and mend; a video in which nobody speaks has an empty transcript."""
    size = options.model_size or ctx.settings.speech.model_size
    captions, remote = await _captions(ctx, video, options), await _remote_recognisers(ctx, audio, size)
    candidates = recognisers(
        captions,
        spoken=options.language,
        duration=video.info.duration,
        remote=remote,
        threads=ctx.resources.threads(),
        size=size,
        keep=ctx.resources.gpus > 0,
    )
    if audio is None:
        heard = await _read_only(ctx, [each for each in candidates if each.key == GivenCaptions.key])
    else:
        settings = with_hot_words(ctx.settings, options)
        choice = await choose(candidates, settings, forced=options.transcriber, progress=ctx.report)
        async with ctx.cache.open(ctx.store.uri(audio.name)) as sound:
            heard = await choice.transcribe(sound, settings, ctx.seconds_left(), ctx.report)
    transcript = check(heard, video.info.duration)
    ctx.record(_writer(video, transcript))
    return TranscriptRef(
        engine=transcript.engine,
        why=str(transcript.health["chosen"]),
        language=transcript.language,
        words=len(transcript.words),
        model=str(transcript.health.get("model") or transcript.engine),
    )


def with_hot_words(settings: Settings, options: SpeechOptions) -> Settings:
    """Return the settings with a caller's names and terms beside the deployment's own."""
    if options.hot_words is None:
        return settings
    words = (*settings.speech.hot_words, options.hot_words)
    return settings.model_copy(update={"speech": settings.speech.model_copy(update={"hot_words": words})})


async def _remote_recognisers(
    ctx: Context, audio: AudioObject | None, size: WhisperSize | None
) -> list[RemoteRecogniser]:
    """Return the configured remote recognisers of a video's sound; a Whisper of the size that is wanted goes first."""
    if audio is None:
        return []
    entries = await ctx.service(Gateway).registry.transcribers()
    if size is not None:
        entries = sorted(entries, key=lambda entry: not is_of_size(f"{entry.key} {entry.model}", size))
    return [RemoteRecogniser(ctx.service(Gateway), TRANSCRIBER, entry, audio.name) for entry in entries]


async def _read_only(ctx: Context, captions: Sequence[Recogniser]) -> Transcript:
    """Transcribe a video that has nothing to hear: by its captions, or not at all."""
    try:
        choice = await choose(captions, ctx.settings, forced=GivenCaptions.key)
    except RecogniserUnavailable:
        return without_speech("The video has no sound and came without captions that can be read.")
    return await choice.transcribe(ctx.scratch / "no-sound.wav", ctx.settings, ctx.seconds_left())


async def _captions(ctx: Context, video: SourceVideo, options: SpeechOptions) -> Sequence[CaptionFile]:
    """Gather the caption files: the one a person gave, else the tracks in the video and what its site offers."""
    if options.captions is not None:
        path = ctx.scratch / "given-captions"
        await ctx.store.get_file(options.captions, path)
        return [CaptionFile(path=path, origin=Origin.SIDECAR, language=options.language)]
    found = []
    if video.info.subtitle_tracks:
        async with ctx.cache.open(ctx.store.uri(video.name)) as source:
            tracks = await extract_subtitles(
                source, video.info, ctx.scratch, settings=ctx.settings.media, timeout=ctx.seconds_left()
            )
        found += [CaptionFile(path=t.path, origin=Origin.EMBEDDED, language=t.language) for t in tracks]
    for index, caption in enumerate(video.captions):
        path = ctx.scratch / f"site-captions-{index}"
        await ctx.store.get_file(caption.name, path)
        origin = Origin.SITE_AUTOMATIC if caption.automatic else Origin.SITE
        found.append(CaptionFile(path=path, origin=origin, language=caption.language))
    return found


def _writer(video: SourceVideo, transcript: Transcript) -> Write:
    async def write(session: WriteSession) -> None:
        await Transcripts(session).put(
            await Videos(session).key_of(video.video),
            transcript.engine,
            full_text=transcript.text,
            word_timestamps=[{"word": w.text, "start": w.start, "end": w.end} for w in transcript.words],
            segment_timestamps=[segment.model_dump(mode="json", exclude_none=True) for segment in transcript.segments],
            language=transcript.language,
            health={**transcript.health, "words_estimated": transcript.words_estimated},
        )

    return write
