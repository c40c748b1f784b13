"""ANALYSIS: how a talk feels, what it is about, and the terms that tell most of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from moments_ray.engine import Context, Resources, stage
from moments_ray.engine.environment import Environment
from moments_ray.errors import InvalidRequest, MediaError
from moments_ray.library.transcripts import read_transcript
from moments_ray.library.values import SourceVideo, TranscriptRef
from moments_ray.models.conversation import Answer, Question
from moments_ray.models.gateway import Gateway
from moments_ray.moments.roles import MOMENT_GENERATOR
from moments_ray.speech.sentences import Sentence, sentences
from moments_ray.speech.transcript import Transcript
from moments_ray.text import classifier, nouns
from moments_ray.text.keywords import keywords_of
from moments_ray.text.sentiment import LANGUAGES, SentimentResult, sentiment_by_scores, sentiment_of, words_of
from moments_ray.text.terms import passages_of, term_table
from moments_ray.text.topics import topics_of
from moments_ray.video_jobs.analysis_by_model import analysis_said, said_of
from moments_ray.video_jobs.values import EMBEDDED, Analysis, AnalysisOptions


@dataclass(frozen=True)
class Extras:
    """What the extra ``nlp`` adds where it is installed: the nouns of each passage, and how each sentence feels."""

    nouns: Sequence[Sequence[str]] | None = None
    scores: Sequence[float] | None = None
    methods: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


async def _identity(environment: Environment) -> JsonValue:
    """Return what may decide beside the inputs: the extra's pipelines, and its classifier where it can be used."""
    return [*nouns.pipelines(), environment.settings.analysis.sentiment_model, classifier.is_installed()]


@stage("ANALYSIS", resources=Resources(cpus=1), timeout=1800, reusable=True, version=2, identity=_identity)
async def analyse(ctx: Context, video: SourceVideo, heard: TranscriptRef, options: AnalysisOptions) -> Analysis:
    """Analyse what was said; only a model that was asked for is asked over the network.

    Raises:
        ModelError: that model did not answer, or not as it should.
    """
    transcript, _ = await read_transcript(ctx, video, heard)
    if options.model != EMBEDDED:
        return await _by_model(ctx, transcript, options)
    extras = await _extras(ctx, transcript, options)
    return await asyncio.to_thread(analysis_of, transcript, options, extras)


async def _by_model(ctx: Context, transcript: Transcript, options: AnalysisOptions) -> Analysis:
    gateway = ctx.service(Gateway)
    entry = await gateway.registry.resolve(options.model, MOMENT_GENERATOR)

    async def send(question: Question) -> Answer:
        return await gateway.complete(MOMENT_GENERATOR, entry, question, ctx.seconds_left(), spent=ctx.spent)

    said = sentences(transcript)
    answers = await said_of(passages_of(said), send, entry.max_context)
    felt, topics, keywords = analysis_said(answers, said, options.min_confidence)
    return Analysis(
        **(_felt(felt) if options.sentiment else {}),
        topics=topics if options.topics else None,
        keywords=keywords if options.keywords else None,
        language=transcript.language,
        method=entry.key,
        words_counted=len(transcript.words),
    )


async def _extras(ctx: Context, transcript: Transcript, options: AnalysisOptions) -> Extras:
    """Ask spaCy for the nouns, and the classifier that is configured for the feelings, as far as they can be used."""
    said, language = sentences(transcript), _language(transcript)
    found: dict[str, Any] = {}
    methods: list[str] = []
    warnings: list[str] = []
    pipeline = nouns.pipeline_of(language) if options.topics or options.keywords else None
    if pipeline is not None:
        texts = [passage.text for passage in passages_of(said)]
        try:
            found["nouns"] = await nouns.nouns_of(texts, pipeline, ctx.settings, ctx.seconds_left())
            methods.append(pipeline)
        except MediaError as error:
            warnings.append(f"{pipeline} could not be used: {error.message}")
    model = ctx.settings.analysis.sentiment_model if options.sentiment else None
    if model is not None and not classifier.is_installed():
        warnings.append(f"{model} was not asked: install what it needs with pip install 'moments-ray[nlp]'.")
    elif model is not None:
        try:
            texts = [sentence.text for sentence in said]
            found["scores"] = await classifier.scores_of(texts, model, ctx.settings, ctx.seconds_left())
            methods.append(model.rstrip("/").rpartition("/")[2])
        except (MediaError, InvalidRequest) as error:
            warnings.append(f"{model} could not be used: {error.message}")
    return Extras(methods=tuple(methods), warnings=tuple(warnings), **found)


def analysis_of(transcript: Transcript, options: AnalysisOptions, extras: Extras = Extras()) -> Analysis:
    """Return what was asked to be known of a transcript."""
    said, language = sentences(transcript), _language(transcript)
    found: dict[str, Any] = {}
    warnings = list(extras.warnings)
    if options.sentiment:
        felt = _sentiment(said, language, extras.scores)
        found |= _felt(felt) if felt is not None else {}
        if felt is None:
            warnings.append(f"The sentiment is not known: its lexicon is English, and the language is {language}.")
    if options.topics or options.keywords:
        table = term_table(said, english=language == "en", nouns=extras.nouns)
        if options.topics:
            found["topics"] = topics_of(table, options.min_confidence)
        if options.keywords:
            found["keywords"] = keywords_of(table, said, options.min_confidence)
    return Analysis(
        language=transcript.language,
        words_counted=len(transcript.words),
        method=" + ".join((EMBEDDED, *extras.methods)),
        warnings=tuple(warnings),
        **found,
    )


def _language(transcript: Transcript) -> str:
    return (transcript.language or "en").split("-")[0].lower()


def _sentiment(said: Sequence[Sentence], language: str, scores: Sequence[float] | None) -> SentimentResult | None:
    if scores is not None:
        return sentiment_by_scores(said, scores, words_of(said))
    return sentiment_of(said) if language in LANGUAGES else None


def _felt(felt: SentimentResult) -> dict[str, Any]:
    return {"sentiment": felt.sentiment, "sentiment_score": felt.score, "sentiment_timeline": felt.timeline}
