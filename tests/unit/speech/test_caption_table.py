"""Every way to write one talk that tools are known to have: each gives the same words at the same times.

One table in one file, as long as there are ways to write captions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from moments_ray.speech.captions import read_captions
from moments_ray.speech.health import check
from tests.unit.speech.caption_talk import (
    TALK,
    clock,
    dumped,
    each,
    highlighted,
    punctuated_apart,
    rolled,
    segments,
    srt,
    text_of,
    vtt,
    with_words,
    without_times,
    word_items,
    words,
)

_ROUGHLY = 0.75  # seconds a word may be off where only its line has times
_WELL = 0.12  # where it has one of its own
_PAUSE = 1.1  # a line without an end lasts until the next

PLAIN = srt()
CUES = PLAIN.rstrip("\n").split("\n\n")

SRT: dict[str, str | bytes] = {
    "as it should be": PLAIN,
    "without numbers": "\n\n".join(cue.split("\n", 1)[1] for cue in CUES),
    "points for commas": srt(mark="."),
    "colons for commas": srt(mark=":"),
    "CR LF": PLAIN.replace("\n", "\r\n"),
    "CR": PLAIN.replace("\n", "\r"),
    "CR CR LF": PLAIN.replace("\n", "\r\r\n"),
    "LF LF": PLAIN.replace("\n", "\n\n"),
    "CR LF CR LF": PLAIN.replace("\n", "\r\n\r\n"),
    "blank line below the number": PLAIN.replace("\n0", "\n\n0"),
    "blank line below the times": "\n\n".join(cue.replace("\n", "\n\n") for cue in CUES),
    "each number twice": "\n\n".join(f"{cue.split(chr(10), 1)[0]}\n{cue}" for cue in CUES),
    "each number twice, apart": "\n\n".join(f"{cue.split(chr(10), 1)[0]}\n\n{cue}" for cue in CUES),
    "one number twice": PLAIN.replace("\n\n4\n", "\n\n4\n\n4\n"),
    "numbers all one": "\n\n".join(f"1\n{cue.split(chr(10), 1)[1]}" for cue in CUES),
    "no blank lines": "\n".join(CUES),
    "many blank lines": "\n\n\n\n".join(CUES),
    "blanks at the ends of lines": PLAIN.replace("\n", "  \n"),
    "lines of blanks": PLAIN.replace("\n\n", "\n \t\n"),
    "a short arrow": PLAIN.replace("-->", "->"),
    "an arrow of a word processor": PLAIN.replace("-->", "–>"),
    "an arrow sign": PLAIN.replace("-->", "→"),
    "no blanks about the arrow": PLAIN.replace(" --> ", "-->"),
    "translated times": PLAIN.replace(":", ": ").replace("-->", "->"),
    "no hours": PLAIN.replace("00:00:", "00:"),
    "one digit of hours": PLAIN.replace("00:00:", "0:00:"),
    "tenths": PLAIN.replace("00 -->", " -->").replace("00\n", "\n"),
    "microseconds": PLAIN.replace("00 -->", "00000 -->"),
    "coordinates": PLAIN.replace("00\n", "00 X1:100 X2:200 Y1:10 Y2:20\n"),
    "byte order mark": "\ufeff" + PLAIN,
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16 without a mark": PLAIN.encode("utf-16-le"),
    "UTF-16 big end first": PLAIN.encode("utf-16-be"),
    "out of order": srt([*TALK[5:], *TALK[:5]]),
    "blank lines first": "\n\n\n" + PLAIN,
    "no line end last": PLAIN.rstrip(),
    "a heading first": f"My talk\nfor you\n\n{PLAIN}",
    "the file twice": PLAIN + PLAIN,
    "cues without text": "\n\n".join(cue + "\n\n0\n00:00:28,000 --> 00:00:29,000\n" for cue in CUES),
    "italics": srt(each("<i>{}</i>")),
    "colours": srt(each('<font color="#ffff00">{}</font>')),
    "places": srt(each("{{\\an8}}{}")),
    "MicroDVD's italics": srt(each("{{y:i}}{}")),
    "controls of direction": srt(each("\u202a{}\u202c")),
    "dashes": srt(each("- {}")),
    "sounds": srt([(0.2, 0.9, "[music]"), *TALK, (28, 29, "(applause)")]),
    "who made it": srt(
        [
            (0.0, 0.9, "Subtitles by Nobody & Friends"),
            *TALK,
            (30, 33, "Sync and corrections by n0body\nwww.addic7ed.com"),
        ]
    ),
    "an advertisement": srt([*TALK[:4], (9.0, 10.8, "Remove all ads from www.OpenSubtitles.org"), *TALK[4:]]),
    "lines parted into cues": srt(
        [(s, e, part) for s, e, t in TALK for part in (" ".join(t.split()[:2]), " ".join(t.split()[2:]))]
    ),
    "lines parted, one lasting": srt(
        [p for s, e, t in TALK for p in ((s, e - 0.3, " ".join(t.split()[:2])), (s, e, " ".join(t.split()[2:])))]
    ),
    "lines parted, a frame apart": srt(
        [p for s, e, t in TALK for p in ((s, e, " ".join(t.split()[:2])), (s + 0.04, e, " ".join(t.split()[2:])))]
    ),
    "a shadow": srt([line for line in TALK for _ in (0, 1)]),
    "roll-up": srt(rolled(0.0)),
    "roll-up with gaps": srt(rolled(0.25)),
    "roll-up of three rows": srt(rolled(0.2, rows=3)),
    "roll-up with long gaps": srt(rolled(0.4)),
    "names in small letters": srt([(s, e, f"{'anna' if i % 2 else 'bob'}: {t}") for i, (s, e, t) in enumerate(TALK)]),
    "names in capitals": srt([(s, e, f"{'ANNA' if i % 2 else 'BOB'}: {t}") for i, (s, e, t) in enumerate(TALK)]),
    "names in brackets": srt([(s, e, f"[{'Anna' if i % 2 else 'Bob'}]: {t}") for i, (s, e, t) in enumerate(TALK)]),
    "numbers of speakers": srt([(s, e, f"[SPEAKER_0{i % 2}] {t}") for i, (s, e, t) in enumerate(TALK)]),
    "speakers counted": srt([(s, e, f"Speaker {i % 2 + 1}: {t}") for i, (s, e, t) in enumerate(TALK)]),
    "speakers by diarisation": srt([(s, e, f"SPEAKER_0{i % 2}: {t}") for i, (s, e, t) in enumerate(TALK)]),
    "names above lines": srt([(s, e, f"{'Anna' if i % 2 else 'Bob'}:\n{t}") for i, (s, e, t) in enumerate(TALK)]),
    "arrows for turns": srt(each(">> {}")),
}

_BORDER = TALK[4]
_ABSOLUTE = "X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n"


def _segmented(*, local: bool, blank: bool = True) -> str:
    """Join two files of a stream: times from the start of all, or from that of each file."""
    shift = 10.0 if local else 0.0
    second = [(start - shift, end - shift, text) for start, end, text in TALK[5:]]
    again = [(_BORDER[0], _BORDER[1], _BORDER[2])] if not local else []
    ticks = 900_000 + (900_000 if local else 0)
    head = f"WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:{ticks}\n\n"
    text = vtt(TALK[:5], f"WEBVTT\n{_ABSOLUTE}") + vtt([*again, *second], head)
    return text if blank else text.replace("\n\nWEBVTT", "\nWEBVTT")


VTT: dict[str, str | bytes] = {
    "as it should be": vtt(),
    "a title": vtt(head="WEBVTT - A talk on bread\nKind: captions\nLanguage: en\n\n"),
    "CR LF": vtt().replace("\n", "\r\n"),
    "doubled lines": vtt().replace("\n", "\n\n"),
    "no hours": vtt().replace("00:00:", "00:"),
    "names of cues": vtt().replace("\n\n00", "\n\ncue-of-the-talk\n00"),
    "numbers of cues": "WEBVTT\n\n" + srt(mark="."),
    "settings": vtt().replace("00\n", "00 line:79.29% position:50%,center align:start size:36%\n"),
    "notes": vtt().replace("\n\n00:00:06", "\n\nNOTE not said\nnot said either\n\n00:00:06"),
    "a style": vtt(head="WEBVTT\n\nSTYLE\n::cue { color: lime }\n\n"),
    "a region": vtt(head="WEBVTT\n\nREGION\nid:bill\nwidth:40%\n\n"),
    "classes": vtt(each("<c.white><c.mono_sans>{}</c></c>")),
    "one voice": vtt(each("<v anna>{}</v>")),
    "voices of two": vtt(
        [(s, e, f"<v.loud {'Anna Lee' if i % 2 else 'Dr. Bob'}>{t}") for i, (s, e, t) in enumerate(TALK)]
    ),
    "a map of a stream": vtt(head=f"WEBVTT\n{_ABSOLUTE}"),
    "joined, times of all": _segmented(local=False),
    "joined, times of each": _segmented(local=True),
    "joined without a blank line": _segmented(local=False, blank=False),
    "joined with marks": _segmented(local=True).replace("\n\nWEBVTT", "\n\n\ufeffWEBVTT"),
    "two cues of one time": vtt(
        [(s, e, part) for s, e, t in TALK for part in (" ".join(t.split()[:3]), " ".join(t.split()[3:]))]
    ),
    "roll-up with gaps": vtt(rolled(0.3)),
    "entities": vtt(each("{}&lrm;")),
}

ASS_EVENTS = "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"

OTHERS: dict[str, str | bytes] = {
    "SBV": "".join(f"{clock(s, '.')[1:]},{clock(e, '.')[1:]}\n{t}\n\n" for s, e, t in TALK),
    "SubViewer": "[INFORMATION]\n[TITLE]Bread\n[END INFORMATION]\n[SUBTITLE]\n"
    + "".join(f"{clock(s, '.')[:-1]},{clock(e, '.')[:-1]}\n{t.replace(' and ', '[br]and ')}\n\n" for s, e, t in TALK),
    "ASS": "[Script Info]\nTitle: x\n\n[V4+ Styles]\nFormat: Name\n\n"
    + ASS_EVENTS
    + "".join(
        f"Dialogue: 0,{clock(s, '.')[1:-1]},{clock(e, '.')[1:-1]},Default,,0,0,0,,{{\\i1}}{t}\n" for s, e, t in TALK
    ),
    "ASS without its head": "".join(
        f"Dialogue: 0,{clock(s, '.')[1:-1]},{clock(e, '.')[1:-1]},Default,,0,0,0,,{t}\n" for s, e, t in TALK
    ),
    "TTML": '<?xml version="1.0" encoding="utf-8"?><tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en"><body><div>'
    + "".join(
        f'<p begin="{clock(s, ".")}" end="{clock(e, ".")}">{t.replace(" and ", "<br/>and ")}</p>' for s, e, t in TALK
    )
    + "</div></body></tt>",
    "TTML in ticks": '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
    'ttp:tickRate="10000000"><body><div>'
    + "".join(f'<p begin="{round(s * 1e7)}t" end="{round(e * 1e7)}t"><span>{t}</span></p>' for s, e, t in TALK)
    + "</div></body></tt>",
    "TTML in frames": '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
    'ttp:frameRate="10">'
    "<body><div>"
    + "".join(
        f'<p begin="00:00:{int(s):02}:{round(s % 1 * 10):02}" end="00:00:{int(e):02}:{round(e % 1 * 10):02}">{t}</p>'
        for s, e, t in TALK
    )
    + "</div></body></tt>",
    "TTML of lengths": '<tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
    + "".join(f'<p begin="{s}s" dur="{round(e - s, 3)}s">\n   {t}\n  </p>' for s, e, t in TALK)
    + "</div></body></tt>",
    "TTML under another name": '<tt:tt xmlns:tt="http://www.w3.org/ns/ttml"><tt:body><tt:div>'
    + "".join(f'<tt:p begin="{round(s * 1000)}ms" end="{round(e * 1000)}ms">{t}</tt:p>' for s, e, t in TALK)
    + "</tt:div></tt:body></tt:tt>",
    "TTML inside a later div": '<tt xmlns="http://www.w3.org/ns/ttml"><body><div begin="1s">'
    + "".join(f'<p begin="{round(s - 1, 3)}s" end="{round(e - 1, 3)}s">{t}</p>' for s, e, t in TALK)
    + "</div></body></tt>",
    "srv1": '<?xml version="1.0" encoding="utf-8" ?><transcript>'
    + "".join(f'<text start="{s}" dur="{round(e - s, 3)}">{t}</text>' for s, e, t in TALK)
    + "</transcript>",
    "srv1 without lengths": "<transcript>"
    + "".join(f'<text start="{s}">{t}</text>' for s, _, t in TALK)
    + "</transcript>",
    "srv2": "<timedtext>"
    + "".join(f'<text t="{round(s * 1000)}" d="{round((e - s) * 1000)}">{t}</text>' for s, e, t in TALK)
    + "</timedtext>",
    "srv3": '<timedtext format="3"><head><ws id="0"/></head><body>'
    + "".join(f'<p t="{round(s * 1000)}" d="{round((e - s) * 1000)}">{t}</p>' for s, e, t in TALK)
    + "</body></timedtext>",
    "srv3 without lengths": '<timedtext format="3"><body>'
    + "".join(f'<p t="{round(s * 1000)}">{t}</p>' for s, _, t in TALK)
    + "</body></timedtext>",
    "LRC": "[ar:Nobody]\n[ti:Bread]\n" + "".join(f"[00:{s:05.2f}]{t}\n" for s, _, t in TALK),
    "LRC of thousandths": "".join(f"[00:{s:06.3f}] {t}\n" for s, _, t in TALK),
    "LRC said later": "[offset:-500]\n" + "".join(f"[00:{s - 0.5:05.2f}]{t}\n" for s, _, t in TALK),
    "MicroDVD": "{1}{1}25.000\n"
    + "".join(f"{{{round(s * 25)}}}{{{round(e * 25)}}}{{y:i}}{t.replace(' and ', '|and ')}\n" for s, e, t in TALK),
    "MicroDVD of a film": "".join(f"{{{round(s * 23.976)}}}{{{round(e * 23.976)}}}{t}\n" for s, e, t in TALK),
    "MPL2": "".join(f"[{round(s * 10)}][{round(e * 10)}]/{t.replace(' and ', '|and ')}\n" for s, e, t in TALK),
    "SAMI": "<SAMI><BODY>\n"
    + "".join(
        f"<SYNC Start={round(s * 1000)}><P Class=ENCC>{t}\n<SYNC Start={round(e * 1000)}><P Class=ENCC>&nbsp;\n"
        for s, e, t in TALK
    )
    + "</BODY></SAMI>",
    "Whisper's TSV": "start\tend\ttext\n" + "".join(f"{round(s * 1000)}\t{round(e * 1000)}\t{t}\n" for s, e, t in TALK),
    "labels of an editor": "".join(f"{s:.6f}\t{e:.6f}\t{t}\n" for s, e, t in TALK),
}


def _three(items: Sequence[Any]) -> list[list[Any]]:
    return [list(items[:20]), list(items[20:40]), list(items[40:])]


JSON_LINES: dict[str, str | bytes] = {
    "Whisper's segments": dumped({"text": text_of(), "segments": segments(), "language": "en"}),
    "a list of segments": dumped(segments()),
    "whisper.cpp": dumped(
        {
            "systeminfo": "x",
            "model": {"type": "base"},
            "result": {"language": "en"},
            "transcription": [
                {
                    "timestamps": {"from": clock(s), "to": clock(e)},
                    "offsets": {"from": round(s * 1000), "to": round(e * 1000)},
                    "text": f" {t}",
                }
                for s, e, t in TALK
            ],
        }
    ),
    "whisper.cpp, clocks only": dumped(
        {"transcription": [{"timestamps": {"from": clock(s), "to": clock(e)}, "text": t} for s, e, t in TALK]}
    ),
    "youtube-transcript-api": dumped([{"text": t, "start": s, "duration": round(e - s, 3)} for s, e, t in TALK]),
    "a scraper's text numbers": dumped([{"start": str(s), "dur": str(round(e - s, 3)), "text": t} for s, e, t in TALK]),
    "offset and duration": dumped(
        [{"text": t, "duration": round(e - s, 3), "offset": s, "lang": "en"} for s, e, t in TALK]
    ),
    "offset and duration, milliseconds": dumped(
        [{"text": t, "duration": round((e - s) * 1000), "offset": round(s * 1000)} for s, e, t in TALK]
    ),
    "AssemblyAI's utterances": dumped(
        {"text": text_of(), "utterances": [{"speaker": "A", **one} for one in segments(unit=1000)]}
    ),
    "podcast transcript": dumped(
        {
            "version": "1.0.0",
            "segments": [{"speaker": "Anna", "startTime": s, "endTime": e, "body": t} for s, e, t in TALK],
        }
    ),
    "a site's from and to": dumped(
        {"font_size": 0.4, "body": [{"from": s, "to": e, "location": 2, "content": t} for s, e, t in TALK]}
    ),
    "TED": dumped(
        {
            "captions": [
                {"duration": round((e - s) * 1000), "content": t, "startTime": round(s * 1000)} for s, e, t in TALK
            ]
        }
    ),
    "chunks with an open end": dumped(
        {
            "text": text_of(),
            "chunks": [{"text": f" {t}", "timestamp": [s, None if e == 27.0 else e]} for s, e, t in TALK],
        }
    ),
    "milliseconds by name": dumped({"segments": segments("start_ms", "end_ms", unit=1000)}),
    "milliseconds in numbers": dumped({"segments": segments(unit=1000)}),
    "clocks": dumped({"segments": [{"start": clock(s), "end": clock(e, "."), "text": t} for s, e, t in TALK]}),
    "Microsoft's batch": dumped(
        {
            "recognizedPhrases": [
                {
                    "offset": f"PT{s}S",
                    "duration": f"PT{round(e - s, 3)}S",
                    "nBest": [{"lexical": t.lower(), "display": t}],
                }
                for s, e, t in TALK
            ]
        }
    ),
    "Microsoft's fast one": dumped(
        {
            "durationMilliseconds": 30000,
            "combinedPhrases": [{"text": text_of()}],
            "phrases": [
                {"offsetMilliseconds": round(s * 1000), "durationMilliseconds": round((e - s) * 1000), "text": t}
                for s, e, t in TALK
            ],
        }
    ),
    "YouTube's panel": dumped(
        {
            "actions": [
                {
                    "panel": {
                        "initialSegments": [
                            {
                                "transcriptSegmentRenderer": {
                                    "startMs": str(round(s * 1000)),
                                    "endMs": str(round(e * 1000)),
                                    "snippet": {"runs": [{"text": t}]},
                                }
                            }
                            for s, e, t in TALK
                        ]
                    }
                }
            ]
        }
    ),
    "whisperX, a segment unaligned": dumped(
        {"segments": [*with_words()[:3], {**segments()[3], "words": []}, *with_words()[4:]]}
    ),
    "json3": dumped(
        {
            "events": [
                {"tStartMs": round(s * 1000), "dDurationMs": round((e - s) * 1000), "segs": [{"utf8": t}]}
                for s, e, t in TALK
            ]
        }
    ),
    "json3 without lengths": dumped(
        {"events": [{"tStartMs": round(s * 1000), "segs": [{"utf8": t}]} for s, _, t in TALK]}
    ),
    "inside what a service wraps it in": dumped({"id": "x", "status": "done", "output": {"segments": segments()}}),
}

_GOOGLE = [{"word": w, "startTime": f"{s}s", "endTime": f"{e}s"} for w, s, e in words()]
_PLAIN_WORDS = [{**item, "word": item["word"].strip(".,")} for item in word_items()]

JSON_WORDS: dict[str, str | bytes] = {
    "our own": dumped(
        {"words": word_items(text="text"), "segments": segments(), "engine": "captions", "language": "en"}
    ),
    "a list of words": dumped(word_items()),
    "Whisper's words": dumped({"segments": with_words(lead=" "), "language": "en"}),
    "whisperX, times missing": dumped({"segments": without_times(with_words(), 7, null=False), "word_segments": []}),
    "whisperX, times null": dumped({"segments": without_times(with_words(), 5, null=True)}),
    "whisperX's word list": dumped({"segments": with_words(), "word_segments": word_items()}),
    "whisper.cpp in full": dumped(
        {
            "transcription": [
                {
                    "offsets": {"from": round(s * 1000), "to": round(e * 1000)},
                    "text": t,
                    "tokens": [
                        {"text": "[_BEG_]", "offsets": {"from": 0, "to": 0}},
                        *(
                            {"text": piece, "offsets": {"from": round(a * 1000), "to": round(b * 1000)}}
                            for w, a, b in words([(s, e, t)])
                            for piece in (f" {w[:2]}", w[2:])
                            if piece
                        ),
                    ],
                }
                for s, e, t in TALK
            ]
        }
    ),
    "AssemblyAI": dumped(
        {
            "id": "x",
            "text": text_of(),
            "audio_duration": 30,
            "words": [{**w, "confidence": 0.9, "speaker": "A"} for w in word_items(text="text", unit=1000)],
        }
    ),
    "milliseconds in text": dumped(
        {"words": [{**w, "start": str(w["start"]), "end": str(w["end"])} for w in word_items(unit=1000)]}
    ),
    "Deepgram": dumped(
        {
            "metadata": {},
            "results": {
                "channels": [
                    {
                        "alternatives": [
                            {
                                "transcript": text_of(),
                                "words": [
                                    {
                                        **w,
                                        "word": w["word"].lower().strip(".,"),
                                        "punctuated_word": w["word"],
                                        "speaker": 0,
                                    }
                                    for w in word_items()
                                ],
                            }
                        ]
                    }
                ]
                * 2
            },
        }
    ),
    "Amazon": dumped(
        {
            "results": {
                "transcripts": [{"transcript": text_of()}],
                "items": punctuated_apart(
                    lambda w, s, e: {
                        "type": "pronunciation",
                        "start_time": str(s),
                        "end_time": str(e),
                        "alternatives": [{"content": w}],
                    },
                    lambda m: {"type": "punctuation", "alternatives": [{"content": m}]},
                ),
            }
        }
    ),
    "Google": dumped(
        {"results": [{"alternatives": [{"transcript": text_of(), "words": part}]} for part in _three(_GOOGLE)]}
    ),
    "Google, by speakers": dumped(
        {
            "results": [
                {"alternatives": [{"transcript": text_of(), "words": part}]} for part in [*_three(_GOOGLE), _GOOGLE]
            ]
        }
    ),
    "Google's second": dumped(
        {
            "results": [
                {
                    "alternatives": [
                        {
                            "transcript": text_of(),
                            "words": [{"word": w, "startOffset": f"{s}s", "endOffset": f"{e}s"} for w, s, e in words()],
                        }
                    ]
                }
            ]
        }
    ),
    "Google, in a response": dumped(
        {"done": True, "response": {"results": [{"alternatives": [{"transcript": text_of(), "words": _GOOGLE}]}]}}
    ),
    "Rev": dumped(
        {
            "monologues": [
                {
                    "speaker": 0,
                    "elements": punctuated_apart(
                        lambda w, s, e: {"type": "text", "value": w, "ts": s, "end_ts": e},
                        lambda m: {"type": "punct", "value": m},
                    ),
                }
            ]
        }
    ),
    "Speechmatics": dumped(
        {
            "metadata": {"transcription_config": {"language": "en"}},
            "results": punctuated_apart(
                lambda w, s, e: {"type": "word", "start_time": s, "end_time": e, "alternatives": [{"content": w}]},
                lambda m: {"type": "punctuation", "start_time": 0, "end_time": 0, "alternatives": [{"content": m}]},
            ),
        }
    ),
    "IBM": dumped(
        {
            "results": [
                {"final": True, "alternatives": [{"transcript": text_of(), "timestamps": [list(w) for w in words()]}]}
            ]
        }
    ),
    "Vosk": dumped({"result": [{**w, "conf": 1.0} for w in word_items()], "text": text_of()}),
    "Vosk, a document a line": "\n".join(dumped({"result": part, "text": "x"}) for part in _three(word_items())),
    "chunks of words": dumped(
        {"text": text_of(), "chunks": [{"text": f" {w}", "timestamp": [s, e]} for w, s, e in words()]}
    ),
    "words without punctuation beside text with it": dumped(
        {"task": "transcribe", "text": text_of(), "segments": segments(), "words": _PLAIN_WORDS}
    ),
    "ElevenLabs": dumped(
        {
            "language_code": "eng",
            "text": text_of(),
            "words": [
                one
                for w, s, e in words()
                for one in (
                    {"text": w, "start": s, "end": e, "type": "word"},
                    {"text": " ", "start": e, "end": e, "type": "spacing"},
                )
            ],
        }
    ),
    "Gladia": dumped({"result": {"transcription": {"utterances": with_words()}}}),
    "start and duration": dumped(
        {
            "segments": [
                {
                    **one,
                    "words": [
                        {"text": w["word"], "start": w["start"], "duration": round(w["end"] - w["start"], 3)}
                        for w in one["words"]
                    ],
                }
                for one in with_words()
            ]
        }
    ),
    "seconds and nanoseconds": dumped(
        {
            "words": [
                {
                    "word": w,
                    "start": {"seconds": str(int(s)), "nanos": round(s % 1 * 1e9)},
                    "end": {"seconds": str(int(e)), "nanos": round(e % 1 * 1e9)},
                }
                for w, s, e in words()
            ]
        }
    ),
    "marked words, underlined": srt(highlighted("<u>", "</u>")),
    "marked words with gaps": srt(highlighted("<u>", "</u>", gaps=True)),
    "marked words, coloured": srt(highlighted('<font color="#00ff00">', "</font>")),
    "marked words, bold": vtt(highlighted("<b>", "</b>")),
    "marked words, by class": vtt(highlighted("<c.now>", "</c>")),
    "marked words, by colours of all": srt(highlighted("{\\c&H00FF00&}", "{\\c&HFFFFFF&}")),
    "marked words, by override": srt(highlighted("{\\c&H00FF00&}", "{\\r}")),
    "WebVTT's inline times": vtt(
        [(s, e, "".join(f"<{clock(a, '.')}><c> {w}</c>" for w, a, _ in words([(s, e, t)]))) for s, e, t in TALK]
    ),
    "json3 of automatic captions": dumped(
        {
            "events": [
                {
                    "tStartMs": round(s * 1000),
                    "dDurationMs": 5000,
                    "segs": [
                        {"utf8": w if i == 0 else f" {w}", "tOffsetMs": round((a - s) * 1000)}
                        for i, (w, a, _) in enumerate(words([(s, e, t)]))
                    ],
                }
                for s, e, t in TALK
            ]
        }
    ),
    "srv3 of automatic captions": '<timedtext format="3"><body>'
    + "".join(
        f'<p t="{round(s * 1000)}" d="4000">'
        + "".join(f'<s t="{round((a - s) * 1000)}">{w} </s>' for w, a, _ in words([(s, e, t)]))
        + "</p>"
        for s, e, t in TALK
    )
    + "</body></timedtext>",
    "LRC of words": "".join(
        f"[00:{s:05.2f}]" + "".join(f"<00:{a:06.3f}> {w} " for w, a, _ in words([(s, e, t)])) + "\n" for s, e, t in TALK
    ),
    "TTML of words": '<tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
    + "".join(
        f'<p begin="{s}s" end="{e}s">'
        + " ".join(f'<span begin="{a}s" end="{b}s">{w}</span>' for w, a, b in words([(s, e, t)]))
        + "</p>"
        for s, e, t in TALK
    )
    + "</div></body></tt>",
    "TTML of words from their line's start": '<tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
    + "".join(
        f'<p begin="{s}s" end="{e}s">'
        + " ".join(
            f'<span begin="{round(a - s, 3)}s" end="{round(b - s, 3)}s">{w}</span>' for w, a, b in words([(s, e, t)])
        )
        + "</p>"
        for s, e, t in TALK
    )
    + "</div></body></tt>",
    "karaoke": f"[Script Info]\n\n{ASS_EVENTS}"
    + "".join(
        f"Dialogue: 0,{clock(s, '.')[1:-1]},{clock(e, '.')[1:-1]},Default,,0,0,0,,"
        + "".join(f"{{\\k{round((b - a) / 0.95 * 100)}}}{w} " for w, a, b in words([(s, e, t)]))
        + "\n"
        for s, e, t in TALK
    ),
}


def _cases(table: dict[str, str | bytes]) -> list[Any]:
    return [pytest.param(written, id=name) for name, written in table.items()]


def _assert_the_talk(written: str | bytes, most_off: float) -> None:
    transcript = check(read_captions(written.encode() if isinstance(written, str) else written), None)
    assert transcript.text == text_of()
    off = max(abs(word.start - start) for word, (_, start, _) in zip(transcript.words, words(), strict=True))
    assert off <= most_off
    ends = [word.end for word in transcript.words]
    assert all(end <= stop + _PAUSE for end, (_, _, stop) in zip(ends, words(), strict=True))
    assert transcript.language in (None, "en")
    assert transcript.health["verdict"] == "good"


@pytest.mark.parametrize("written", _cases(SRT))
def test_srt(written: str | bytes) -> None:
    _assert_the_talk(written, _ROUGHLY)


@pytest.mark.parametrize("written", _cases(VTT))
def test_vtt(written: str | bytes) -> None:
    _assert_the_talk(written, _ROUGHLY)


@pytest.mark.parametrize("written", _cases(OTHERS))
def test_other_formats(written: str | bytes) -> None:
    _assert_the_talk(written, _ROUGHLY)


@pytest.mark.parametrize("written", _cases(JSON_LINES))
def test_json_of_lines(written: str | bytes) -> None:
    _assert_the_talk(written, _ROUGHLY)


@pytest.mark.parametrize("written", _cases(JSON_WORDS))
def test_words_with_times(written: str | bytes) -> None:
    _assert_the_talk(written, _WELL)


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert sum(map(len, (SRT, VTT, OTHERS, JSON_LINES, JSON_WORDS))) >= 120
