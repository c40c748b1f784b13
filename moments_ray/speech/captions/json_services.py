"""The answers of transcription services, brought to the one shape that is read: timed words, timed segments.

Each function here knows one maker's shape by fields that nobody else has, and returns None for any other document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_DEEPEST = 24
_WRAPPERS = ("response", "result", "results", "output", "transcription", "transcript", "data", "prediction")

Document = dict[str, Any]


def in_our_shape(document: Any) -> Any:
    """Return a document as an object or list with timed words or segments, where its maker's shape is known."""
    for _ in range(_DEEPEST):
        for known in _SHAPES:
            shaped = known(document)
            if shaped is not None:
                return shaped
        inner = _unwrapped(document)
        if inner is None:
            return document
        document = inner
    return document


def _unwrapped(document: Any) -> Any:
    """Step into an object that only wraps the transcript."""
    if not isinstance(document, Mapping) or any(
        isinstance(document.get(k), list) for k in ("words", "segments", "events")
    ):
        return None
    return next((document[key] for key in _WRAPPERS if isinstance(document.get(key), Mapping)), None)


def _deepgram(document: Any) -> Document | None:
    channels = _get(document, "results", "channels")
    if not isinstance(channels, list):
        return None
    found = [list(_objects(_first(channel, "alternatives").get("words"))) for channel in channels]
    if len({tuple(str(word.get("word")) for word in words) for words in found}) == 1:
        found = found[:1]  # a stereo file with the same in both
    words = sorted((word for words in found for word in words), key=lambda word: _float(word.get("start")))
    utterances = [_renamed(each, text="transcript") for each in _objects(_get(document, "results", "utterances"))]
    return {
        "words": words,
        "segments": utterances,
        "text": "" if words else _first(channels[0] if channels else None, "alternatives").get("transcript", ""),
        "language": _get(channels[0], "detected_language") if channels else None,
    }


def _amazon(document: Any) -> Document | None:
    items = _get(document, "results", "items")
    if not isinstance(items, list):
        return None
    language = _get(document, "results", "language_code")
    return {
        "words": list(_with_punctuation(items, lambda i: _first(i, "alternatives").get("content"))),
        "language": language,
    }


def _speechmatics(document: Any) -> Document | None:
    items = _get(document, "results")
    if not isinstance(items, list) or not any("start_time" in each and "type" in each for each in _objects(items)):
        return None
    language = _get(document, "metadata", "transcription_config", "language")
    return {
        "words": list(_with_punctuation(items, lambda i: _first(i, "alternatives").get("content"))),
        "language": language,
    }


def _rev(document: Any) -> Document | None:
    monologues = _get(document, "monologues")
    if not isinstance(monologues, list):
        return None
    segments = []
    for monologue in _objects(monologues):
        elements = [each for each in _objects(monologue.get("elements")) if str(each.get("value", "")).strip()]
        words = list(_with_punctuation(elements, lambda element: element.get("value"), of="punct"))
        if words:
            segments.append(_segment(words, "ts", "end_ts", monologue.get("speaker")))
    return {"segments": segments}


def _google(document: Any) -> Document | None:
    results = _get(document, "results")
    if not isinstance(results, list) or not any(
        _first(each, "alternatives").get("transcript") for each in _objects(results)
    ):
        return None
    alternatives = [_first(each, "alternatives") for each in _objects(results)]
    if any(isinstance(each.get("timestamps"), list) for each in alternatives):  # IBM
        triples = [
            t for each in alternatives for t in each.get("timestamps") or () if isinstance(t, list) and len(t) == 3
        ]
        return {"words": [{"word": word, "start": start, "end": end} for word, start, end in triples]}
    words = [list(_objects(each.get("words"))) for each in alternatives]
    if len(words) > 1 and len(words[-1]) == sum(map(len, words[:-1])) > 0:
        words = words[-1:]  # with speakers told apart, the last result says all of it again
    flat = [word for each in words for word in each]
    text = "" if flat else " ".join(str(each.get("transcript", "")) for each in alternatives)
    return {"words": [_proto(word) for word in flat], "text": text}


def _proto(word: Mapping[str, Any]) -> Document:
    """Leave out nothing of a word; a time of zero is left out by its maker."""
    starts = ("startTime", "startOffset", "start_time", "start_offset")
    return dict(word) if any(key in word for key in starts) else {**word, "startTime": "0s"}


def _microsoft(document: Any) -> Document | None:
    phrases = _get(document, "recognizedPhrases")
    if isinstance(phrases, list):
        best = [(each, _first(each, "nBest")) for each in _objects(phrases)]
        segments = [{**each, "text": found.get("display") or found.get("lexical") or ""} for each, found in best]
        return {"segments": segments}
    phrases = _get(document, "phrases")
    if isinstance(phrases, list):
        language = _get(document, "phrases", 0, "locale")
        return {"segments": [_counted(each) for each in _objects(phrases)], "language": language}
    return None


def _counted(phrase: Mapping[str, Any]) -> Document:
    named = _renamed(phrase, start_ms="offsetMilliseconds", duration_ms="durationMilliseconds")
    words = [_counted(word) for word in _objects(phrase.get("words"))]
    return {**named, "words": words} if words else named


def _whisper_cpp(document: Any) -> Document | None:
    segments = _get(document, "transcription")
    if not isinstance(segments, list) or not any(
        "offsets" in each or "timestamps" in each for each in _objects(segments)
    ):
        return None
    language = _get(document, "result", "language")
    with_tokens = [each for each in _objects(segments) if isinstance(each.get("tokens"), list)]
    shaped = [{**each, "words": list(_joined_tokens(each["tokens"]))} for each in with_tokens] or [
        dict(each) for each in _objects(segments)
    ]
    return {"segments": shaped, "language": language}


def _joined_tokens(tokens: Sequence[Any]) -> Iterator[Document]:
    """Join pieces of words: one that begins with a space begins a word."""
    word: Document | None = None
    for token in _objects(tokens):
        text = token.get("text")
        if not isinstance(text, str) or text.startswith("[_") or not isinstance(token.get("offsets"), Mapping):
            continue
        if word is None or text.startswith(" "):
            if word is not None:
                yield word
            word = {"text": text, "offsets": dict(token["offsets"])}
        else:
            word["text"] += text
            word["offsets"]["to"] = token["offsets"].get("to")
    if word is not None:
        yield word


def _vosk(document: Any) -> Document | None:
    """Read one of Vosk's answers, or a list of them, one an utterance."""
    answers = [document] if isinstance(document, Mapping) else document if isinstance(document, list) else []
    if not answers or not all(isinstance(each, Mapping) and isinstance(each.get("text"), str) for each in answers):
        return None
    if not any(isinstance(each.get("result"), list) for each in answers):
        return None
    return {"words": [word for each in answers for word in _objects(each.get("result"))]}


def _youtube_panel(document: Any) -> Document | None:
    """Read what YouTube's own transcript panel is made of, however deep it lies."""
    if not isinstance(document, Mapping) or not {"actions", "contents", "content", "initialSegments"} & set(document):
        return None
    segments = []
    for each in _found(document, "transcriptSegmentRenderer", 0):
        runs = _objects(_get(each, "snippet", "runs"))
        text = "".join(str(run.get("text", "")) for run in runs)
        segments.append({"text": text, "startMs": each.get("startMs"), "endMs": each.get("endMs")})
    return {"segments": segments} if segments else None


def _found(value: Any, key: str, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        if isinstance(value.get(key), Mapping):
            yield value[key]
        for inner in value.values():
            yield from _found(inner, key, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _found(inner, key, depth + 1)


def _with_punctuation(
    items: Sequence[Any], text: Callable[[Mapping[str, Any]], Any], of: str = "punctuation"
) -> Iterator[Document]:
    """Give words the punctuation that follows them as an item of its own."""
    word: Document | None = None
    for item in _objects(items):
        said = text(item)
        if not isinstance(said, str):
            continue
        if item.get("type") == of:
            if word is not None:
                word["text"] += said.strip()
            continue
        if word is not None:
            yield word
        word = {**{key: value for key, value in item.items() if key not in ("alternatives", "value")}, "text": said}
    if word is not None:
        yield word


def _segment(words: Sequence[Document], start: str, end: str, speaker: Any) -> Document:
    timed = [word for word in words if word.get(start) is not None]
    return {
        "text": " ".join(word["text"] for word in words),
        "start": timed[0][start] if timed else None,
        "end": timed[-1].get(end) if timed else None,
        "speaker": speaker,
        "words": list(words),
    }


def _renamed(item: Mapping[str, Any], **names: str) -> Document:
    """Return an object with some of its fields under our names."""
    return {**item, **{ours: item[theirs] for ours, theirs in names.items() if theirs in item}}


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    return (each for each in value if isinstance(each, Mapping)) if isinstance(value, list) else iter(())


def _first(value: Any, key: str) -> Mapping[str, Any]:
    return next(_objects(_get(value, key)), {})


def _get(value: Any, *path: str | int) -> Any:
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _float(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


_SHAPES = (
    *(_deepgram, _amazon, _speechmatics, _rev, _google, _microsoft),
    *(_whisper_cpp, _vosk, _youtube_panel),
)
