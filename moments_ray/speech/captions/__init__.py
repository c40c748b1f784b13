"""Caption files in and out: SRT, WebVTT, json3, ASS and our own JSON."""

from moments_ray.speech.captions.reader import read_captions
from moments_ray.speech.captions.text import clean
from moments_ray.speech.captions.writer import write_srt, write_txt, write_vtt

__all__ = ["clean", "read_captions", "write_srt", "write_txt", "write_vtt"]
