"""What the extra ``nlp`` adds to an analysis: nouns as terms, and feelings in any language."""

from __future__ import annotations

from pathlib import Path

import pytest

from moments_ray.errors import InvalidRequest, MediaError
from moments_ray.settings import Settings
from moments_ray.speech.transcript import Segment, Transcript, Word
from moments_ray.text import classifier, nouns
from moments_ray.video_jobs.stages.analysis import Extras, analysis_of
from moments_ray.video_jobs.values import AnalysisOptions

EVERYTHING = AnalysisOptions(min_confidence=0.0)
LINES = ["Der Fluss stieg in der Nacht.", "Der Fluss nahm die Mühle.", "Dann kamen die Nachbarn.", "Der Fluss sank."]


def talk(language: str = "de") -> Transcript:
    """Four sentences, a minute each: a passage each."""
    words: list[Word] = []
    segments: list[Segment] = []
    for at, line in enumerate(LINES):
        spoken = line.split()
        words += [Word(text=word, start=60 * at + i, end=60 * at + i + 0.8) for i, word in enumerate(spoken)]
        segments.append(Segment(text=line, start=60 * at, end=60 * at + len(spoken)))
    return Transcript(engine="test", language=language, words=tuple(words), segments=tuple(segments), health={})


def test_nouns_are_the_terms_where_they_are_known() -> None:
    found = [["fluss", "nacht"], ["fluss", "mühle"], ["nachbarn"], ["fluss"]]
    analysis = analysis_of(talk(), EVERYTHING, Extras(nouns=found, methods=("de_core_news_sm",)))
    assert analysis.method == "embedded + de_core_news_sm"
    assert analysis.topics
    assert {word for topic in analysis.topics for word in topic.words} <= {"fluss", "nacht", "mühle", "nachbarn"}
    assert [keyword.text for keyword in analysis.keywords or ()] == ["fluss"]


def test_a_classifier_says_how_sentences_feel_where_the_lexicon_does_not_know_the_language() -> None:
    assert analysis_of(talk(), EVERYTHING).sentiment is None
    analysis = analysis_of(talk(), EVERYTHING, Extras(scores=[-0.9, -0.8, 0.9, 0.7], methods=("feelings",)))
    assert (analysis.sentiment, analysis.method, analysis.warnings) == ("mixed", "embedded + feelings", ())
    assert len(analysis.sentiment_timeline) == 4


@pytest.mark.parametrize(
    ("label", "worth"),
    [("POSITIVE", 1.0), ("neg", -1.0), ("Neutral", 0.0), ("1 star", -1.0), ("3 stars", 0.0), ("5 stars", 1.0)],
)
def test_labels_of_classifiers_are_feelings(label: str, worth: float) -> None:
    assert classifier.worth_of(label) == worth


def test_a_label_that_is_no_feeling_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="name a model of sentiment"):
        classifier.worth_of("LABEL_0")


async def test_spacy_reads_nouns_where_it_is_installed(tmp_path: Path) -> None:
    pipeline = nouns.pipeline_of("en")
    if pipeline is None:
        pytest.skip("no pipeline of spaCy's for English is installed; pip install 'moments-ray[nlp]' and one")
    texts = ["The old river took the bridge.", "It rained."]
    settings = Settings(_env_file=None, home=tmp_path)
    first, second = await nouns.nouns_of(texts, pipeline, settings, 120.0)
    assert {"river", "old river", "bridge"} <= set(first)
    assert second == []


def tiny_classifier(directory: Path, labels: list[str]) -> Path:
    """Save a classifier of a few weights, which nobody trained: what it says is arbitrary, and always the same."""
    transformers = pytest.importorskip("transformers", reason="the extra `nlp` is not installed")
    torch = pytest.importorskip("torch", reason="the extra `nlp` is not installed")
    torch.manual_seed(1)
    directory.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "river", "rose", "joy", "loss"]
    (directory / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizerFast(vocab_file=str(directory / "vocab.txt")).save_pretrained(directory)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        id2label=dict(enumerate(labels)),
        label2id={label: at for at, label in enumerate(labels)},
    )
    transformers.BertForSequenceClassification(config).save_pretrained(directory)
    return directory


async def test_a_classifier_in_a_directory_is_asked_about_every_text(tmp_path: Path) -> None:
    model = tiny_classifier(tmp_path / "feelings", ["NEGATIVE", "POSITIVE"])
    settings = Settings(_env_file=None, home=tmp_path)
    texts = ["the river rose", "joy", "loss", *["the joy"] * 20, "the river " * 500]
    scores = await classifier.scores_of(texts, str(model), settings, 120.0)
    assert len(scores) == len(texts)
    assert all(-1.0 <= score <= 1.0 for score in scores)
    assert len({*scores[:3]}) > 1
    assert max(scores[3:23]) - min(scores[3:23]) < 1e-4
    assert await classifier.scores_of(texts[:3], str(model), settings, 120.0) == pytest.approx(scores[:3], abs=1e-4)


async def test_a_classifier_of_something_else_is_refused(tmp_path: Path) -> None:
    model = tiny_classifier(tmp_path / "topics", ["SPORTS", "RIVERS"])
    with pytest.raises(InvalidRequest, match="name a model of sentiment"):
        await classifier.scores_of(["joy"], str(model), Settings(_env_file=None, home=tmp_path), 120.0)


async def test_a_classifier_that_is_not_there_is_not_fetched(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the extra `nlp` is not installed")
    with pytest.raises(MediaError):
        await classifier.scores_of(["joy"], str(tmp_path / "none"), Settings(_env_file=None, home=tmp_path), 120.0)
