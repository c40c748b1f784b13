"""Caption files in and out: SRT, WebVTT, json3, ASS and our own JSON."""

from moments_ray.speech.captions.reader import read_captions
from moments_ray.speech.captions.text import clean
from moments_ray.speech.captions.writer import Subtitle, subtitles, write_srt, write_txt, write_vtt

__all__ = ["Subtitle", "clean", "read_captions", "subtitles", "write_srt", "write_txt", "write_vtt"]
