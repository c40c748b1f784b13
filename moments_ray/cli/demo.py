"""``moments demo``: a talk of our own through the whole pipeline, and how close the moments came to its topics."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from moments_ray.cli.listing import results
from moments_ray.cli.run import RunArguments, run_video
from moments_ray.cli.source import require_writable
from moments_ray.demo.comparison import compare
from moments_ray.demo.talk import Talk, make_talk
from moments_ray.errors import MediaTimeout, SpeechError
from moments_ray.media.audio import extract_audio
from moments_ray.media.probe import probe
from moments_ray.moments.finding.find import find_moments
from moments_ray.moments.finding.options import FindOptions
from moments_ray.moments.options import RunOptions
from moments_ray.settings import Settings
from moments_ray.speech.health import check
from moments_ray.speech.recognisers import choose, recognisers

_LISTENING_SECONDS = 45.0


async def run_demo(out: Path, settings: Settings, console: Console, *, quiet: bool) -> tuple[dict[str, Any], int]:
    """Make the talk, run it, print the moments beside the topics they should meet; ``quiet`` keeps stdout free.

    Raises:
        MomentsError: the talk or the run could not be made.
    """
    require_writable(out)
    console.print("making a short talk to find moments in")
    talk = await make_talk(out / "talk", settings)
    document, status = await run_video(RunArguments(str(talk.path), out, RunOptions()), settings, console)
    comparison = compare(talk.topics, document["moments"])
    table = Table("moment", "time", "topic", "how close", title=talk.title, title_justify="left", box=None)
    for match in comparison.matches:
        table.add_row(*match.row())
    shown = console if quiet else results()
    shown.print(table)
    shown.print(comparison.summary(), soft_wrap=True)
    shown.print(await _by_ear(talk, settings), soft_wrap=True)
    shown.print(f"open {out / 'report.html'} in a browser", soft_wrap=True)
    page = f"http://127.0.0.1:{settings.backend_port}/ui/"
    shown.print(f"to edit the same talk's moments: `moments up`, then “Make the demo talk” at {page}", soft_wrap=True)
    return document, status


async def _by_ear(talk: Talk, settings: Settings) -> str:
    """Say in one sentence what would have been found without the captions, by what is heard alone."""
    threads = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as scratch:
        sound = Path(scratch) / "audio.wav"
        try:
            info = await probe(talk.path, settings=settings.media)
            await extract_audio(
                talk.path, info, sound, settings=settings.media, threads=threads, timeout=_LISTENING_SECONDS
            )
            choice = await choose(recognisers(spoken="en", threads=threads), settings)
            heard = check(await choice.transcribe(sound, settings, _LISTENING_SECONDS), talk.duration)
        except MediaTimeout:
            return f"Without its captions: nobody listens for longer than {_LISTENING_SECONDS:g} s in a demo."
        except SpeechError as error:
            return f"Without its captions: {error}"
    found = find_moments(heard, None, talk.duration, FindOptions())
    moments = [moment.model_dump(mode="json") for moment in found.moments]
    return f"Without its captions, heard by {choice.recogniser.key}: {compare(talk.topics, moments).summary()}"
