"""Caption files in and out, and transcripts as services write them."""

from moments_ray.speech.captions.reader import read_captions
from moments_ray.speech.captions.text import clean
from moments_ray.speech.captions.writer import Subtitle, subtitles, write_srt, write_txt, write_vtt

__all__ = ["Subtitle", "clean", "read_captions", "subtitles", "write_srt", "write_txt", "write_vtt"]
