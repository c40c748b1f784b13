"""ANALYSIS: how a talk feels, what it is about, and the terms that tell most of it."""

from __future__ import annotations

import asyncio
from typing import Any

from moments_ray.engine import Context, Resources, stage
from moments_ray.library.transcripts import read_transcript
from moments_ray.library.values import SourceVideo, TranscriptRef
from moments_ray.speech.sentences import sentences
from moments_ray.speech.transcript import Transcript
from moments_ray.text.keywords import keywords_of
from moments_ray.text.sentiment import LANGUAGES, sentiment_of
from moments_ray.text.terms import term_table
from moments_ray.text.topics import topics_of
from moments_ray.video_jobs.values import Analysis, AnalysisOptions


@stage("ANALYSIS", resources=Resources(cpus=1), timeout=1800, reusable=True, version=1)
async def analyse(ctx: Context, video: SourceVideo, heard: TranscriptRef, options: AnalysisOptions) -> Analysis:
    """Analyse what was said; nothing is asked of the network."""
    transcript, _ = await read_transcript(ctx, video, heard)
    return await asyncio.to_thread(analysis_of, transcript, options)


def analysis_of(transcript: Transcript, options: AnalysisOptions) -> Analysis:
    """Return what was asked to be known of a transcript."""
    said = sentences(transcript)
    language = (transcript.language or "en").split("-")[0].lower()
    found: dict[str, Any] = {}
    warnings: list[str] = []
    if options.sentiment and language in LANGUAGES:
        felt = sentiment_of(said)
        found |= {
            "sentiment": felt.sentiment,
            "sentiment_score": felt.score,
            "sentiment_timeline": felt.timeline,
        }
    elif options.sentiment:
        warnings.append(f"The sentiment is not known: its lexicon is English, and the language is {language}.")
    if options.topics or options.keywords:
        table = term_table(said, english=language == "en")
        if options.topics:
            found["topics"] = topics_of(table, options.min_confidence)
        if options.keywords:
            found["keywords"] = keywords_of(table, said, options.min_confidence)
    return Analysis(
        language=transcript.language, words_counted=len(transcript.words), warnings=tuple(warnings), **found
    )
