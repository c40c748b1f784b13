"""Bad input gets one sentence with its code and exit status 2, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from moments_ray.testing.media import make_captions, make_video, run_ffmpeg
from tests.integration.cli.conftest import Moments, Outcome

_SENTENCE = re.compile(r"error: [^\n]+ \[(?P<code>[a-z]+(\.[a-z_]+)+)\]\n")


@pytest.fixture(scope="module")
def good_and_bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a good video and captions, and everything that is neither."""
    directory = tmp_path_factory.mktemp("files")
    good = make_video(directory / "good.mp4", seconds=1, size=(160, 90))
    make_captions(directory / "good.srt", [("Something is said.", 0.1, 0.9)])
    (directory / "text.mp4").write_text("this is no video\n" * 100)
    (directory / "empty.mp4").touch()
    (directory / "truncated.mp4").write_bytes(good.read_bytes()[: good.stat().st_size * 2 // 3])
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\ngood.mp4\n#EXT-X-ENDLIST\n"
    (directory / "playlist.mp4").write_text(playlist)
    (directory / "concat.mp4").write_text("ffconcat version 1.0\nfile good.mp4\n")
    run_ffmpeg(["-i", good, "-vn", directory / "sound.mp3"])
    run_ffmpeg(["-i", good, "-frames:v", "1", directory / "picture.jpg"])
    shutil.copy(directory / "picture.jpg", directory / "picture.mp4")
    (directory / "empty.srt").touch()
    (directory / "broken.srt").write_text("1\nthis is not a time --> nor is this\nhello\n")
    (directory / "prose.srt").write_text("Once upon a time.\n")
    (directory / "broken.json").write_text('{"words": [')
    (directory / "folder").mkdir()
    return directory


@pytest.fixture
def files(good_and_bad: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That directory, which is the working directory as well."""
    assert not home.exists()
    monkeypatch.chdir(good_and_bad)
    return good_and_bad


def left_behind(home: Path, out: Path) -> list[Path]:
    return [path for path in (home, out) if path.exists()]


def assert_told_once(outcome: Outcome, code: str) -> None:
    """One sentence with the code on stderr, and nothing else anywhere."""
    told = _SENTENCE.fullmatch(outcome.stderr)
    assert told is not None, outcome.stderr
    assert (outcome.status, told["code"], outcome.stdout) == (2, code, "")


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("nowhere.mp4", "input.not_found"),
        ("", "input.invalid"),
        ("a" * 5000, "input.not_found"),
        ("bell\a.mp4", "input.not_found"),
        ("not\udcffutf8.mp4", "input.invalid"),
        ("text.mp4", "media.unsupported"),
        ("picture.jpg", "media.unsupported"),
        ("picture.mp4", "media.unsupported"),
        ("sound.mp3", "media.unsupported"),
        ("empty.mp4", "media.unsupported"),
        ("truncated.mp4", "media.truncated"),
        ("playlist.mp4", "media.unsupported"),
        ("concat.mp4", "media.unsupported"),
        ("folder", "media.unsupported"),
        ("/dev/zero", "media.unsupported"),
        ("file:///etc/passwd", "url.not_allowed"),
        ("ftp://example.com/video.mp4", "url.not_allowed"),
        ("gopher://example.com/", "url.not_allowed"),
        ("http://10.0.0.1/video.mp4", "url.not_allowed"),
        ("http://192.168.1.1/video.mp4", "url.not_allowed"),
        ("http://127.0.0.1/video.mp4", "url.not_allowed"),
        ("http://localhost/video.mp4", "url.not_allowed"),
        ("http://[::1]/video.mp4", "url.not_allowed"),
        ("http://2130706433/video.mp4", "url.not_allowed"),
        ("http://169.254.169.254/latest/meta-data/", "url.not_allowed"),
        ("http://metadata.google.internal/computeMetadata/v1/", "url.not_allowed"),
        ("http://user:secret@example.com/video.mp4", "url.not_allowed"),
        ("http://example.com:22/video.mp4", "url.not_allowed"),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.parametrize("command", ["run", "cut"])
def test_a_source_that_is_no_video_is_refused(
    moments: Moments, files: Path, *, home: Path, command: str, source: str, code: str
) -> None:
    more = ["--range", "0-1"] if command == "cut" else []
    outcome = moments(command, source, "--out", "out", *more)
    assert_told_once(outcome, code)
    assert outcome.stderr.isascii() or "…" in outcome.stderr
    assert left_behind(home, files / "out") == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--count", "0"], "input.invalid"),
        (["--count", "-3"], "input.invalid"),
        (["--count", "many"], "input.invalid"),
        (["--count", "1.5"], "input.invalid"),
        (["--min-seconds", "-1"], "input.invalid"),
        (["--min-seconds", "0"], "input.invalid"),
        (["--min-seconds", "60", "--max-seconds", "10"], "input.invalid"),
        (["--min-seconds", "nan"], "input.invalid"),
        (["--max-seconds", "inf"], "input.invalid"),
        (["--prompt", "x" * 20_000], "input.invalid"),
        (["--generation-model", "nobody"], "model.unknown"),
        (["--refinement-model", "nobody"], "model.unknown"),
        (["--transcriber", "nobody"], "model.unknown"),
        (["--captions", "nowhere.srt"], "input.not_found"),
        (["--captions", "folder"], "input.not_found"),
        (["--captions", "empty.srt"], "transcript.invalid"),
        (["--captions", "broken.srt"], "transcript.invalid"),
        (["--captions", "prose.srt"], "transcript.invalid"),
        (["--captions", "broken.json"], "transcript.invalid"),
        (["--captions", "good.mp4"], "transcript.invalid"),
        (["--no-such-option"], "input.invalid"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_an_option_that_makes_no_sense_is_refused(
    moments: Moments, home: Path, files: Path, options: list[str], code: str
) -> None:
    assert_told_once(moments("run", "good.mp4", "--out", "out", *options), code)
    assert left_behind(home, files / "out") == []


@pytest.mark.parametrize("out", ["good.mp4", "good.mp4/below", "/proc/nowhere", "/dev/null/out", "a" * 5000])
@pytest.mark.parametrize("command", ["run", "cut", "demo"])
def test_a_directory_that_cannot_be_written_is_refused_before_any_work(
    moments: Moments, home: Path, files: Path, command: str, out: str
) -> None:
    arguments = {"run": ["good.mp4"], "cut": ["good.mp4", "--range", "0-1"], "demo": []}[command]
    assert_told_once(moments(command, *arguments, "--out", out), "input.invalid")
    assert not home.exists()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], "input.invalid"),
        (["--range", "1"], "input.invalid"),
        (["--range", "1-"], "input.invalid"),
        (["--range", "0.8-0.2"], "input.invalid"),
        (["--range", "0.5-0.5"], "input.invalid"),
        (["--range", "-1-0.5"], "input.invalid"),
        (["--range", "nan-1"], "input.invalid"),
        (["--range", f"0-{'9' * 400}"], "input.invalid"),
        (["--range", "100-200"], "input.invalid"),
        (["--range", "100-200", "--range", "200-300"], "input.invalid"),
        (["--range", "0-1", "--preset", "nobody"], "input.invalid"),
        (["--ranges", "nowhere.txt"], "input.not_found"),
        (["--ranges", "folder"], "input.not_found"),
        (["--ranges", "good.mp4"], "input.not_found"),
        (["--ranges", "text.mp4"], "input.invalid"),
        (["--ranges", "empty.srt"], "input.invalid"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_a_range_that_is_none_is_refused(
    moments: Moments, home: Path, files: Path, options: list[str], code: str
) -> None:
    assert_told_once(moments("cut", "good.mp4", "--out", "out", *options), code)
    assert left_behind(home, files / "out") == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nowhere.srt"], "input.not_found"),
        (["folder"], "input.not_found"),
        (["empty.srt"], "transcript.invalid"),
        (["broken.json"], "transcript.invalid"),
        (["good.mp4"], "transcript.invalid"),
        (["good.srt", "--duration", "0"], "input.invalid"),
        (["good.srt", "--duration", "-5"], "input.invalid"),
        (["good.srt", "--duration", "nan"], "input.invalid"),
        (["good.srt", "--count", "0"], "input.invalid"),
        (["good.srt", "--min-seconds", "5", "--max-seconds", "4"], "input.invalid"),
        (["good.srt", "--generation-model", "nobody"], "model.unknown"),
        ([], "input.invalid"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_find_refuses_what_it_cannot_read(
    moments: Moments, home: Path, files: Path, arguments: list[str], code: str
) -> None:
    assert_told_once(moments("find", *arguments), code)
    assert not home.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "nowhere.mp4"],
        ["run", "good.mp4", "--count", "many"],
        ["run"],
        ["find", "empty.srt"],
        ["cut", "good.mp4", "--range", "1-0"],
        ["demo", "--out", "good.mp4"],
    ],
    ids=" ".join,
)
def test_with_json_the_error_is_one_document_on_stdout(moments: Moments, files: Path, arguments: list[str]) -> None:
    outcome = moments(*arguments, "--json")
    told = _SENTENCE.fullmatch(outcome.stderr)
    assert told is not None
    assert outcome.status == 2
    assert outcome.document.keys() == {"error"}
    assert outcome.document["error"]["code"] == told["code"]
    assert outcome.document["error"]["message"] in outcome.stderr
    assert outcome.document["error"]["retryable"] is False


@pytest.mark.parametrize("value", ["MOMENTS_WORKER__RUNS_AT_ONCE=none", "MOMENTS_MEDIA__MAX_STREAMS=-1"])
def test_a_setting_that_is_not_valid_is_named(
    moments: Moments, files: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(*value.split("="))
    outcome = moments("run", files / "good.mp4", "--out", files / "out")
    assert_told_once(outcome, "input.invalid")
    assert value.split("__")[1].partition("=")[0].lower() in outcome.stderr


@pytest.mark.parametrize(
    ("content", "code"), [(None, "input.not_found"), ("{", "input.invalid"), ("[1]", "input.invalid")]
)
def test_a_request_that_is_none_is_refused_before_the_server_is_asked(
    moments: Moments, tmp_path: Path, content: str | None, code: str
) -> None:
    path = tmp_path / "request.json"
    if content is not None:
        path.write_text(content)
    outcome = moments("start", "toy", "--json", path, "--server", "http://127.0.0.1:1")
    assert (outcome.status, outcome.document["error"]["code"]) == (2, code)
    assert "'request.json'" in outcome.stderr


def test_a_defect_of_ours_is_told_in_a_sentence_too(
    moments: Moments, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("something\nover two lines")

    monkeypatch.setattr("moments_ray.cli.run.check_early", broken)
    outcome = moments("run", files / "good.mp4", "--json")
    assert outcome.status == 1
    assert outcome.document["error"]["code"] == "internal"
    assert "KeyError" in outcome.document["error"]["message"]
    assert outcome.stderr.count("\n") == 1


@pytest.fixture
def moments_process(home: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``moments ARGUMENTS`` as a shell does."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        program = "from moments_ray.cli import main; main()"
        argv = [sys.executable, "-c", program, *(str(argument) for argument in arguments)]
        return subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
        )

    return run


def test_the_shell_sees_the_status_and_no_traceback(
    moments_process: Callable[..., subprocess.CompletedProcess[str]], files: Path, home: Path, tmp_path: Path
) -> None:
    done = moments_process("run", files / "truncated.mp4", "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert _SENTENCE.fullmatch(done.stderr)
    assert left_behind(home, tmp_path / "out") == []


def test_without_arguments_the_commands_are_listed(moments: Moments) -> None:
    outcome = moments()
    assert outcome.status == 0
    assert {"run", "find", "cut", "demo"} <= set(outcome.stdout.split())
