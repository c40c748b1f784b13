"""Who made subtitles, and what their sites sell: shown, never said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from moments_ray.speech.captions.cues import Cue
from moments_ray.speech.captions.text import without_markup

_EDGE_CUES = 4  # credits stand at the beginning and the end; in the middle only what names a site is taken for one
_LONGEST_CHARACTERS = 160

_SITE = re.compile(
    r"opensubtitles|addic7ed|subscene|podnapisi|yify|amara\.org|tvsubtitles|subdivx|legendas\.?tv|titlovi\.com"
    r"|napiprojekt|elsubtitle|otter\.ai|rev\.com/|happyscribe|subtitlesbank|ydy\s*\.\s*com|人人影视|字幕组|射手网",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"^\W*(?:https?://|www\.)\S+\W*$|^\W*[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|tv|io|ru|cn|to)\W*$", re.IGNORECASE
)
_MADE = (
    r"(?:sub(?:title)?s?|subtitl(?:ed|ing)|captions?|captioned|captioning|closed captions?|transcri(?:bed|pt|ption)"
    r"|translat(?:ed|ion|or)|synced|sync(?:hroni[sz]ed|hroni[sz]ation)?|re-?synced|timed|timing|corrected|corrections?"
    r"|edited|encoded|ripped|proofread|adapted)"
)
_BY = re.compile(
    rf"^\W*{_MADE}(?:\s*(?:,|&|and|/)\s*{_MADE})*\s*(?:by\b|:)\s*\S"
    r"|^\W*(?:untertitel(?:ung)?|sous-titr(?:es|age)|subt[ií]tulos|legendas|sottotitoli|ondertiteling|napisy|titulky"
    r"|undertext(?:er)?|undertekster|tekstitys|feliratok?|altyaz[ıi]|субтитры|редактор субтитров|переводчик)\b"
    r"(?:\s*(?::|von|par|por|di|door|av|af|by|im auftrag|realizados|st')|\s+\S+\s*:).*\S"
    r"|^\W*(?:字幕|翻译|翻譯|校对|校對|时间轴|時間軸|听译|자막|字幕制作|翻訳)\s*(?:by|[:：]|制作|由|製作)\s*\S",
    re.IGNORECASE,
)


def without_credits(cues: Sequence[Cue], notes: list[str]) -> list[Cue]:
    """Leave out the cues that only say who made the subtitles; a note tells how many."""
    edges = {*range(_EDGE_CUES), *range(len(cues) - _EDGE_CUES, len(cues))}
    kept = [cue for index, cue in enumerate(cues) if not _is_credit(cue, at_edge=index in edges)]
    if left := len(cues) - len(kept):
        notes.append(f"{left} captions were left out: they say who made the subtitles.")
    return kept


def _is_credit(cue: Cue, *, at_edge: bool) -> bool:
    text = without_markup(cue.text).strip()
    if not text or len(text) > _LONGEST_CHARACTERS:
        return False
    if _SITE.search(text) or _ADDRESS.match(text):
        return True
    lines = [line for line in text.split("\n") if line.strip()]
    return at_edge and bool(_BY.match(lines[0])) and not lines[0].rstrip().endswith((".", "?", "!"))
