"""Found moments are measured against the topics that are known to be there."""

from __future__ import annotations

from moments_ray.demo.comparison import compare
from moments_ray.demo.talk import Topic

TOPICS = (
    Topic(title="Bridges", start=10.0, end=60.0),
    Topic(title="Bread", start=61.0, end=110.0),
    Topic(title="Maps", start=111.0, end=160.0),
)


def moment(start: float, end: float, title: str = "found") -> dict[str, object]:
    return {"title": title, "start_time": start, "end_time": end, "score": 1.0}


def test_a_moment_belongs_to_the_topic_it_shares_the_most_time_with() -> None:
    (match,) = compare(TOPICS, [moment(50.0, 100.0)]).matches
    assert (match.topic, match.inside, match.start_distance) == ("Bread", False, -11.0)
    assert match.row() == ("found", "0:50.0 - 1:40.0", "Bread", "reaches out of it, starts -11.0 s from its beginning")


def test_the_pause_around_a_topic_counts_as_inside() -> None:
    comparison = compare(TOPICS, [moment(60.6, 110.4), moment(10.0, 60.9)])
    assert [match.inside for match in comparison.matches] == [False, True]
    assert comparison.moments_inside_one_topic == 1


def test_topics_covered_counts_each_topic_once() -> None:
    comparison = compare(TOPICS, [moment(12.0, 30.0), moment(31.0, 59.0), moment(115.0, 150.0)])
    assert (comparison.topics_covered, comparison.topics) == (2, 3)
    assert comparison.median_start_distance == 4.0
    assert comparison.summary() == (
        "3 of 3 moments lie inside one topic; 2 of 3 topics have a moment; "
        "half of them start within 4.0 s of their topic's beginning."
    )


def test_a_moment_outside_every_topic_says_so() -> None:
    (match,) = compare(TOPICS, [moment(1.0, 9.0)]).matches
    assert match.row() == ("found", "0:01.0 - 0:09.0", "none", "outside every topic")


def test_no_moments_is_no_error() -> None:
    assert compare(TOPICS, []).summary() == "0 of 0 moments lie inside one topic; 0 of 3 topics have a moment."
