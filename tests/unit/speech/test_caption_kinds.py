"""What is told apart by looking: encodings, languages, speakers, credits, what is no caption; nothing said is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moments_ray.errors import InvalidRequest, TranscriptInvalid
from moments_ray.speech.captions import read_captions
from moments_ray.speech.health import check
from moments_ray.speech.transcript import Transcript
from tests.unit.speech.caption_talk import TALK, Line, clock, srt, text_of, vtt, words

TEXTS = {
    "ru": "Хороший хлеб требует только четырёх вещей, и одна из них это время. Большинство людей торопят тесто.",
    "uk": "Хороший хліб потребує лише чотирьох речей, і одна з них це час. Більшість людей поспішають із тістом, їжа.",
    "bg": "Добрият хляб се нуждае само от четири неща и едно от тях е времето. Повечето хора бързат с тестото.",
    "ja": "良いパンに必要なのは四つのものだけで、そのうちの一つは時間です。ほとんどの人は生地を急がせます。",
    "zh-Hant": "好的麵包只需要四樣東西，其中之一是時間。大多數人都急著處理麵團，然後奇怪為什麼沒有味道。",
    "zh": "好的面包只需要四样东西，其中之一就是时间。大多数人都急着处理面团，然后奇怪为什么没有味道。",
    "ko": "좋은 빵에는 네 가지만 필요하며 그 중 하나는 시간입니다. 대부분의 사람들은 반죽을 서두릅니다.",
    "el": "Το καλό ψωμί χρειάζεται μόνο τέσσερα πράγματα και ένα από αυτά είναι ο χρόνος. Οι περισσότεροι βιάζονται.",
    "he": "לחם טוב צריך רק ארבעה דברים ואחד מהם הוא זמן. רוב האנשים ממהרים עם הבצק ואז תוהים למה אין לו טעם.",
    "ar": "الخبز الجيد يحتاج إلى أربعة أشياء فقط، وأحدها هو الوقت. معظم الناس يستعجلون العجين ثم يتساءلون.",
    "fa": "نان خوب فقط به چهار چیز نیاز دارد و یکی از آنها زمان است. بیشتر مردم خمیر را با عجله درست می کنند.",
    "tr": "İyi ekmek için sadece dört şey gerekir ve bunlardan biri zamandır. Çoğu insan hamuru aceleye getirir.",
    "cs": "Dobrý chléb potřebuje jen čtyři věci a jedna z nich je čas. Většina lidí spěchá s těstem a pak se diví.",
    "pl": "Dobry chleb potrzebuje tylko czterech rzeczy, a jedną z nich jest czas. Większość ludzi śpieszy się.",
    "hu": "A jó kenyérhez csak négy dolog kell, és ezek egyike az idő. A legtöbb ember sürgeti a tésztát, őrült.",
    "ro": "O pâine bună are nevoie doar de patru lucruri, iar unul dintre ele este timpul. Mulţi oameni grăbesc.",
    "de": "Gutes Brot braucht nur vier Dinge, und eines davon ist Zeit. Die meisten Leute überstürzen schöne Brötchen.",
    "fr": "Le bon pain n'a besoin que de quatre choses, et l'une d'elles est le temps. La pâte a déjà levé cet été.",
    "es": "El buen pan sólo necesita cuatro cosas, y una de ellas es el tiempo. ¿Qué pasó mañana con la señora?",
    "sv": "Bra bröd behöver bara fyra saker, och en av dem är tid. De flesta människor skyndar på degen på morgonen.",
    "th": "ขนมปังที่ดีต้องการเพียงสี่สิ่งและหนึ่งในนั้นคือเวลา คนส่วนใหญ่เร่งแป้งแล้วสงสัยว่าทำไม",
    "lt": "Gera duona reikalauja tik keturių dalykų, ir vienas iš jų yra laikas. Dauguma žmonių skuba su tešla.",
}
ENCODINGS = [
    *(("ru", "cp1251"), ("ru", "koi8-r"), ("ru", "cp866"), ("ru", "utf-16"), ("uk", "cp1251"), ("bg", "cp1251")),
    *(
        ("ja", "shift_jis"),
        ("ja", "euc-jp"),
        ("ja", "iso2022_jp"),
        ("zh-Hant", "big5"),
        ("zh", "gbk"),
        ("zh", "gb18030"),
    ),
    *(("ko", "euc-kr"), ("el", "cp1253"), ("el", "iso8859-7"), ("he", "cp1255"), ("ar", "cp1256"), ("fa", "cp1256")),
    *(("tr", "cp1254"), ("cs", "cp1250"), ("cs", "iso8859-2"), ("pl", "cp1250"), ("pl", "iso8859-2"), ("hu", "cp1250")),
    *(("ro", "cp1250"), ("de", "cp1252"), ("fr", "cp1252"), ("es", "cp1252"), ("sv", "cp1252"), ("th", "cp874")),
    *(("lt", "cp1257"), ("de", "utf-8"), ("ja", "utf-8-sig")),
]


def captioned(text: str, seconds: float = 4.0, letters: int = 40) -> str:
    """Show a text in captions of some letters each, parted at spaces where there are any."""
    parts = [part.strip() for part in re.findall(rf".{{1,{letters}}}(?:\s|$)|.{{1,{letters}}}", text)]
    return srt([(n * seconds, (n + 1) * seconds - 0.1, part) for n, part in enumerate(parts)])


def read(text: str, **options: str) -> Transcript:
    return read_captions(text.encode(), **options)


def notes(transcript: Transcript) -> str:
    told = transcript.health.get("notes", [])
    assert isinstance(told, list)
    return " ".join(map(str, told))


@pytest.mark.parametrize(("language", "encoding"), ENCODINGS)
def test_legacy_encodings_are_found_out_and_named(language: str, encoding: str) -> None:
    text = captioned(TEXTS[language].encode(encoding, "ignore").decode(encoding))
    transcript = read_captions(text.encode(encoding))
    assert transcript.text == read(text).text
    if not encoding.startswith("utf"):
        assert f"was read as {transcript.health['encoding']}" in notes(transcript)
    assert check(transcript, None).language in (language.partition("-")[0], None)


def test_an_encoding_that_is_asked_for_is_taken_or_refused() -> None:
    data = captioned(TEXTS["ru"]).encode("koi8-r")
    assert read_captions(data, encoding="koi8-r").text == read(captioned(TEXTS["ru"])).text
    assert read_captions(data, encoding="cp1251").text != read(captioned(TEXTS["ru"])).text
    with pytest.raises(InvalidRequest, match="not written in utf-8: byte"):
        read_captions(data, encoding="utf-8")
    for name in ("no-such", "rot13", "base64"):
        with pytest.raises(InvalidRequest, match="name one"):
            read_captions(data, encoding=name)


LONG = {
    "Thai": TEXTS["th"].replace(" ", "") * 4,
    "Lao": "ເຂົ້າຈີ່ທີ່ດີຕ້ອງການພຽງແຕ່ສີ່ຢ່າງແລະໜຶ່ງໃນນັ້ນແມ່ນເວລາ" * 5,
    "Khmer": "នំប៉័ងល្អត្រូវការតែបួនយ៉ាងប៉ុណ្ណោះហើយមួយក្នុងចំណោមនោះគឺពេលវេលា" * 5,
    "Burmese": "ကောင်းသောပေါင်မုန့်သည်အရာလေးခုသာလိုအပ်ပြီးတစ်ခုမှာအချိန်ဖြစ်သည်" * 5,
    "Chinese": "好的面包只需要四样东西其中之一就是时间大多数人都急着处理面团" * 8,
    "Japanese": "良いパンに必要なのは四つのものだけでそのうちの一つは時間です" * 8,
    "Javanese": "ꦧꦱꦗꦮꦲꦶꦏꦸꦧꦱꦏꦁꦢꦶꦒꦸꦤꦏꦏꦺ" * 16,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_long_segments_without_spaces_keep_every_letter_and_fill_their_time(text: str) -> None:
    transcript = read(f"00:00:02,000 --> 00:00:30,000\n{text}\n")
    assert "".join(word.text for word in transcript.words) == text
    assert transcript.words[-1].end == pytest.approx(30.0, abs=0.1)
    assert max(word.end - word.start for word in transcript.words) < 5.0
    assert check(transcript, None).health["repairs"] == {}


def test_a_zero_width_space_parts_words() -> None:
    khmer = "នំប៉័ង\u200bល្អ\u200bត្រូវការ"
    assert [word.text for word in read(f"00:00:02,000 --> 00:00:06,000\n{khmer}\n").words] == khmer.split("\u200b")
    assert read("00:00:02,000 --> 00:00:06,000\nfour\u200bthings\n").text == "four things"


CHINESE = [
    "好面包只需要四样东西，",
    "其中之一是时间。",
    "大多数人急着处理面团，",
    "然后奇怪为什么没味道。",
    "我来告诉你碗里发生什么，",
]
RUSSIAN = [
    "Хорошему хлебу нужны четыре вещи,",
    "и одна из них время.",
    "Большинство торопит тесто,",
    "а потом удивляется вкусу.",
    "Покажу, что происходит в миске",
]
SPANISH = [
    "El buen pan sólo necesita cuatro cosas, y una",
    "de ellas es el tiempo.",
    "La mayoría de la gente apresura la masa, y luego",
    "se pregunta por qué no sabe a nada.",
    "Te enseño lo que pasa dentro del cuenco",
]


@pytest.mark.parametrize("other", [CHINESE, RUSSIAN, SPANISH], ids=["zh", "ru", "es"])
@pytest.mark.parametrize("layout", ["one cue", "two cues", "two files"])
@pytest.mark.parametrize("first", [True, False])
def test_of_two_languages_one_is_taken_and_said(other: list[str], layout: str, first: bool) -> None:
    named = {id(CHINESE): "zh", id(RUSSIAN): "ru", id(SPANISH): "es"}[id(other)]
    pairs = [((s, e, t), (s, e, o)) for (s, e, t), o in zip(TALK, other, strict=False)]
    ordered = [pair if first else pair[::-1] for pair in pairs]
    if layout == "one cue":
        file = srt([(a[0], a[1], f"{a[2]}\n{b[2]}") for a, b in ordered])
    elif layout == "two cues":
        file = srt([line for pair in ordered for line in pair])
    else:
        file = srt([pair[0] for pair in ordered]) + srt([pair[1] for pair in ordered])
    english, foreign = read(srt(TALK[:5])).text, read(srt([pair[1] for pair in pairs])).text
    assert read(file).text == (english if first else foreign)
    assert "in two languages" in notes(read(file))
    assert read(file, language="en").text == english
    assert read(file, language=named).text == foreign
    assert "it was asked for" in notes(read(file, language=named))


def test_of_two_languages_the_one_with_more_lines_is_taken() -> None:
    lines = [(s, e, f"{o}\n{t}") for (s, e, t), o in zip(TALK, CHINESE, strict=False)]
    transcript = read(srt([*lines, *TALK[5:]]))
    assert transcript.text == text_of()
    assert "en was taken, because it has the most lines" in notes(transcript)


def test_words_of_another_language_in_a_talk_are_spoken() -> None:
    talk = [(s, e, f'{n}. He said "хорошо" and\nwent home to 东京 {t}') for n, (s, e, t) in enumerate(TALK)]
    assert read(srt(talk)).text == text_of(talk).replace("\n", " ").replace("东京", "东 京").replace("东 京", "东京")


@pytest.mark.parametrize(
    "line",
    [
        "Dialogue: 2 bakers talk",
        "--> so it goes",
        "Comment: it rose",
        "WEBVTT is a format",
        "NOTE the time",
        "{1}{2} of them",
    ],
)
def test_a_line_of_text_does_not_decide_the_format(line: str) -> None:
    talk = [*TALK[:2], (6.0, 8.9, f"{line}\n{TALK[2][2]}"), *TALK[3:]]
    spoken = text_of(talk).replace("\n", " ")
    for written in (srt(talk), vtt(talk)):
        assert read(written).text.replace(">", "") == spoken.replace(">", "")


def test_a_speaker_named_in_small_letters_is_kept_on_the_segment() -> None:
    talk = [(s, e, f"{'anna' if n % 3 else 'bob'}: {t}") for n, (s, e, t) in enumerate(TALK)]
    transcript = read(srt(talk))
    assert transcript.text == text_of()
    assert [segment.speaker for segment in transcript.segments][:3] == ["bob", "anna", "anna"]


def test_two_speakers_of_one_cue_have_a_segment_each() -> None:
    talk = [(s, e, f"- anna: {' '.join(t.split()[:2])}\n- bob: {' '.join(t.split()[2:])}") for s, e, t in TALK]
    transcript = read(srt(talk))
    assert transcript.text == text_of()
    assert [segment.speaker for segment in transcript.segments] == ["anna", "bob"] * len(TALK)
    assert transcript.segments[0].end <= transcript.segments[1].start


def test_a_word_before_a_colon_now_and_then_is_spoken() -> None:
    talk = [(s, e, f"note: {t}" if n < 3 else t) for n, (s, e, t) in enumerate(TALK * 8)]
    assert read(srt([(n * 3.0, n * 3.0 + 2.5, t) for n, (_, _, t) in enumerate(talk)])).text.startswith("note: Good")


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("漢字(かんじ)を読む", "漢字を読む"),
        ("漢字《かんじ》を読む", "漢字を読む"),
        ("<ruby>漢字<rt>かんじ</rt></ruby>を読む", "漢字を読む"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>を読む", "漢を読む"),
        ("{y:i}in italics {c:$0000ff}and red", "in italics and red"),
        ("Thanks (to all of you)", "Thanks (to all of you)"),
    ],
)
def test_ruby_and_markup_are_no_speech(shown: str, said: str) -> None:
    assert read(f"00:00:02,000 --> 00:00:06,000\n{shown}\n").text == said


@pytest.mark.parametrize(
    "credit",
    [
        "Subtitles by Nobody",
        "Sync & corrections by nobody",
        "Translated by: A. Nobody\nEdited by B. Nobody",
        "Captioned by Nobody Media Access",
        "www.example-subs.com",
        "Untertitel: Niemand 2024",
        "Sous-titrage : Personne",
        "Transcribed by https://otter.ai",
        "Subtitles by the Amara.org community",
        "字幕：没有人",
    ],
)
def test_credits_are_no_speech(credit: str) -> None:
    transcript = read(srt([(0.0, 0.9, credit), *TALK, (28.0, 30.0, credit)]))
    assert transcript.text == text_of()
    assert "2 captions were left out" in notes(transcript)


@pytest.mark.parametrize(
    "said", ["It was translated by my mother.", "Subtitles help people.", "Timing is all.", "Edited by hand."]
)
def test_talk_about_subtitles_is_speech(said: str) -> None:
    assert said in read(srt([(0.0, 0.9, said), *TALK])).text


def test_automatic_captions_without_lengths_give_words_that_can_be_heard() -> None:
    events = [{"tStartMs": round(s * 1000), "segs": [{"utf8": t}]} for s, _, t in TALK]
    transcript = read(json.dumps({"events": events}))
    assert min(word.end - word.start for word in transcript.words) > 0.1


REFUSED: list[tuple[bytes, str]] = [
    (b"Scenarist_SCC V1.0\n\n00:00:01:00\t9420 9420\n", "Scenarist SCC"),
    (b"850STL25.01" + b" " * 200, "EBU STL"),
    (b"PG" + b"\x00" * 8 + b"\x16" + b"\x00" * 40, "PGS"),
    (b"# VobSub index file, v7\nsize: 720x576\n", "VobSub"),
    (b"\x00\x00\x01\xba\x44\x00", "VobSub"),
    (b"PK\x03\x04rest", "zip archive"),
    (b"%PDF-1.7\n", "PDF"),
    (b"\x1f\x8b\x08\x00", "gzip"),
    (b"\x1aE\xdf\xa3\x01", "Matroska"),
    (b"\x00\x00\x00\x20ftypisom", "MP4"),
    (b"{\\rtf1\\ansi text}", "RTF"),
    (b"<!DOCTYPE html><html><body>00:01</body></html>", "web page"),
    (b'File type = "ooTextFile"\nObject class = "TextGrid"\n', "TextGrid"),
    (b"{QTtext}{font:Tahoma}\n[00:00:01.000]\nHello\n", "QuickTime"),
    (b"#EXTM3U\n#EXTINF:6,\nseg1.vtt\n", "playlist"),
    (b"<fcpxml version='1.9'></fcpxml>", "XML of something else"),
    (b"<?xml version='1.0'?><note>hello</note>", "'note', not captions"),
    (b"<!DOCTYPE tt [<!ENTITY a 'b'>]><tt xmlns='http://www.w3.org/ns/ttml'/>", "document type|not captions"),
    (b'<?xml version="1.0"?><!DOCTYPE tt [<!ENTITY a "b">]><tt/>', "document type"),
    (b"<tt xmlns='http://www.w3.org/ns/ttml'><body><div><p>", "XML cannot be read"),
    (b'{"text": "Good bread needs time."}', "a text but no times"),
    (b'{"text": "Good bread", "words": [], "segments": []}', "a text but no times"),
    (b'{"words": [{"word": "Good"}, {"word": "bread"}]}', "have no times"),
    (b'{"name": "app", "version": 3}', "'name', 'version'"),
    (b'{"1": {"a": 2}}', "no transcript"),
    (b"{1}{1}never\n{30}{60}Hello\n", "MicroDVD|captions"),
]


@pytest.mark.parametrize(("data", "named"), REFUSED[:-1])
def test_what_is_not_read_is_named(data: bytes, named: str) -> None:
    with pytest.raises(TranscriptInvalid, match=named) as refused:
        read_captions(data)
    assert "\n" not in str(refused.value)
    assert "invalid JSON" not in str(refused.value)


@pytest.mark.parametrize(
    ("factor", "said"), [(12.0, r"0\.\d words a second"), (0.12, r"2\d\.\d words a second|1\d\.\d words a second")]
)
def test_times_that_nobody_speaks_at_are_suspect(factor: float, said: str) -> None:
    talk = [(s * factor, e * factor, t) for s, e, t in TALK]
    health = check(read(srt(talk)), None).health
    assert health["verdict"] == "suspect"
    assert re.search(said, str(health["warnings"]))


def test_frames_of_a_file_that_does_not_say_how_many_a_second_are_those_of_film_and_that_is_said() -> None:
    assert "23.976 were assumed" in notes(read("{24}{48}Hello there.\n{72}{96}How are you?\n"))


FAULTS = [
    "01_double_spaced_crcrlf.srt",
    "03_two_cues_one_time.vtt",
    "04_whisper_highlight_words.srt",
    "05_rollup_gaps.srt",
]
FAULTS += ["09_whisperx_word_without_time.json", "10_milliseconds.json"]


@pytest.mark.parametrize("name", FAULTS)
def test_files_that_were_misread_give_the_reference(faults: Path, name: str) -> None:
    right = read_captions((faults / "00_reference.srt").read_bytes())
    transcript = read_captions((faults / name).read_bytes())
    assert transcript.text == right.text
    assert all(abs(a.start - b.start) < 0.2 for a, b in zip(transcript.words, right.words, strict=True))


def test_a_dialogue_of_two_bakers_is_no_ass(faults: Path) -> None:
    right = read_captions((faults / "00_reference.srt").read_bytes()).text
    said = read_captions((faults / "07_line_begins_dialogue.srt").read_bytes()).text
    assert said == right.replace("Most people rush", "Dialogue: 2 bakers talk Most people rush")


@pytest.mark.parametrize(
    ("name", "encoding", "language"), [("11_ar_cp1256.srt", "cp1256", "ar"), ("11_zh_gbk.srt", "gb18030", "zh")]
)
def test_files_of_the_past_are_read(faults: Path, name: str, encoding: str, language: str) -> None:
    data = (faults / name).read_bytes()
    transcript = check(read_captions(data), None)
    assert transcript.health["encoding"] == encoding
    assert transcript.language == language
    assert transcript.text == read(data.decode(encoding)).text


def test_thai_segments_lose_nothing(faults: Path) -> None:
    data = (faults / "12_thai_segments_28s.srt").read_bytes()
    transcript = check(read_captions(data), None)
    shown = "".join(line for line in data.decode().splitlines() if line and not re.match(r"[\d:, >-]+$", line))
    assert "".join(word.text for word in transcript.words) == re.sub(r"\s", "", shown)
    assert transcript.words[-1].end == pytest.approx(224.0, abs=0.5)


SAID = st.lists(
    st.tuples(
        st.lists(
            st.sampled_from(["so", "this", "is", "how", "bread", "rises", "in", "a", "warm", "room", "then"]),
            min_size=1,
            max_size=9,
        ),
        st.floats(0.0, 4.0),
        st.floats(0.6, 5.0),
    ),
    min_size=1,
    max_size=12,
)
WRITERS: list[Callable[[list[Line]], str]] = [
    srt,
    vtt,
    lambda lines: srt(lines).replace("\n", "\n\n"),
    lambda lines: srt(lines).replace("\n", "\r\r\n"),
]


@settings(max_examples=80, deadline=None)
@given(SAID, st.integers(0, len(WRITERS) - 1))
def test_what_is_said_is_never_lost_doubled_or_moved_by_more_than_a_cue(
    said: list[tuple[list[str], float, float]], writer: int
) -> None:
    lines, at = [], 0.0
    for number, (spoken, gap, length) in enumerate(said):
        at += gap
        # A number ends each line, so that no two lines are alike: repeats are another test's.
        lines.append((round(at, 3), round(at + length, 3), " ".join([*spoken, f"line{number}"])))
        at += length
    transcript = read_captions(WRITERS[writer](lines).encode())
    assert transcript.text == text_of(lines)
    expected = iter(transcript.words)
    for start, end, text in lines:
        for word in text.split():
            found = next(expected)
            assert found.text == word
            assert start - 0.002 <= found.start <= found.end <= end + 0.002


@settings(max_examples=40, deadline=None)
@given(SAID, st.booleans())
def test_lines_that_scroll_are_said_once(said: list[tuple[list[str], float, float]], gaps: bool) -> None:
    lines = [
        (n * 3.0, n * 3.0 + (2.7 if gaps else 3.0), " ".join([*spoken, f"line{n}"]))
        for n, (spoken, _, _) in enumerate(said)
    ]
    shown = [
        (start, end, text if n == 0 else f"{lines[n - 1][2]}\n{text}") for n, (start, end, text) in enumerate(lines)
    ]
    if len(lines) < 4:
        return
    assert read(srt(shown)).text == text_of(lines)


def test_words_without_times_stand_between_their_neighbours() -> None:
    items = [{"word": w, "start": s, "end": e} for w, s, e in words()]
    for index in (0, 3, 4, len(items) - 1):
        items[index] = {"word": items[index]["word"]}
    transcript = read(json.dumps({"words": items}))
    assert transcript.text == text_of()
    for index in (0, 3, 4, len(items) - 1):
        assert abs(transcript.words[index].start - words()[index][1]) < 0.4
    assert all(a.end <= b.start + 1e-6 for a, b in zip(transcript.words, transcript.words[1:], strict=False))


def test_clocks_are_as_long_as_a_day() -> None:
    assert read(f"{clock(86_000)} --> {clock(86_004)}\nstill here\n").words[0].start == 86_000
