"""What the modules of the front end reckon, run where they run: in a page."""

from __future__ import annotations

import re
from typing import Any

import pytest

from serve_app.ui.mount import assets

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("shelf")]

WORDS = {
    "words": ["Bees", "sleep.", "Do", "swifts", "sleep,", "too?", "Yes"],
    "starts": [0.0, 0.5, 1.0, 1.4, 2.0, 2.6, 4.0],
    "ends": [0.4, 0.9, 1.3, 1.9, 2.5, 3.0, 4.4],
}


def reckoned(page: Any, module: str, body: str, value: Any = None) -> Any:
    """Return what a function's body makes of a module, ``m``, and a value."""
    page.goto("./settings")
    page.wait_for_selector("[data-ready]")
    folder, name = f"/ui/a/{assets().digest}/", re.sub(r"\W", "_", module.removesuffix(".js"))
    find = "const m = (await import(`${folder}first.js`))[name] ?? (await import(folder + module));"
    return page.evaluate(f"async ([folder, name, module, value]) => {{ {find} {body} }}", [folder, name, module, value])


@pytest.mark.parametrize(
    ("seconds", "shown", "tenths", "length"),
    [
        (0, "0:00", "0:00.0", "0 s"),
        (59.96, "0:59", "0:59.9", "60 s"),
        (75.48, "1:15", "1:15.4", "1 min 15 s"),
        (3600, "1:00:00", "1:00:00.0", "1 h"),
        (10799.94, "2:59:59", "2:59:59.9", "3 h"),
    ],
)
def test_positions_are_shown_and_read(page: Any, seconds: float, shown: str, tenths: str, length: str) -> None:
    body = "return [m.clock(value), m.clock(value, true), m.length(value), m.parseClock(m.clock(value, true))]"
    found = reckoned(page, "core/time.js", body, seconds)
    assert found[:3] == [shown, tenths, length]
    assert 0 <= seconds - found[3] < 0.11


def test_a_place_among_times_is_found_by_halves(page: Any) -> None:
    body = "return value.map((at) => [m.lastBefore([1, 2, 4], at), m.nearest([1, 2, 4], at) ?? null])"
    found = reckoned(page, "core/time.js", body, [0, 1, 1.4, 1.6, 3, 3.1, 9])
    assert found == [[-1, 1], [0, 1], [0, 1], [0, 2], [1, 2], [1, 4], [2, 4]]
    assert reckoned(page, "core/time.js", "return [m.lastBefore([], 1), m.nearest([], 1) ?? null]") == [-1, None]


def test_words_become_sentences_whose_words_are_known_by_where_they_begin(page: Any) -> None:
    found = reckoned(page, "core/words.js", "return [m.sentences(value), m.pauses(value)]", WORDS)
    assert [(one["text"], one["first"], one["offsets"]) for one in found[0]] == [
        ("Bees sleep.", 0, [0, 5]),
        ("Do swifts sleep, too?", 2, [0, 3, 10, 17]),
        ("Yes", 6, [0]),
    ]
    assert [(one["start"], one["end"]) for one in found[0]] == [(0.0, 0.9), (1.0, 3.0), (4.0, 4.4)]
    assert found[1] == [3.5]


def test_an_edge_is_drawn_to_what_is_near_and_more_by_what_matters_more(page: Any) -> None:
    body = """
      const said = {...value, sentences: [{start: 1.0, end: 3.0}]};
      const among = m.places(said, {silences: [[3.0, 4.0]], shots: [1.7]}, [], "start");
      return [0.52, 1.55, 1.2, 3.4, 9].map((at) => m.snap(at, 0.3, among)).map((to) => to && [to.time, to.kind]);
    """
    found = reckoned(page, "components/detail/snapping.js", body, WORDS)
    assert found == [[0.5, "word"], [1.7, "shot"], [1.0, "sentence"], [3.5, "pause"], None]


def test_what_was_read_is_read_again_once_a_turn_and_ends_with_its_scope(page: Any) -> None:
    body = """
      const [a, b, seen] = [m.signal(1), m.signal(2), []];
      const [, end] = m.scope(() => m.effect(() => seen.push(a() + b())));
      a.set(2); b.set(3); a.set(4);
      await Promise.resolve();
      a.set(4); // the same is no change
      await Promise.resolve();
      end();
      b.set(9);
      await Promise.resolve();
      return seen;
    """
    assert reckoned(page, "core/store.js", body) == [3, 7]


def test_what_is_out_of_sight_in_a_long_list_follows_nothing_any_more(page: Any) -> None:
    body = """
      const {core_store: store} = await import(folder + "first.js");
      const [news, told] = [store.signal(0), new Set()];
      const build = (index) => {
        const row = document.createElement("div");
        row.style.setProperty("height", "20px");
        store.effect(() => { news(); told.add(index); });
        return row;
      };
      const list = m.windowList({count: () => 1000, build, guess: 20, label: "Rows"});
      list.element.style.setProperty("height", "200px");
      document.body.append(list.element);
      list.reset();
      for (let at = 0; at < 1000; at += 100) list.reveal(at);
      told.clear();
      news.set(1);
      await new Promise((done) => setTimeout(done));
      return [list.element.querySelectorAll("[role=listitem]").length, told.size];
    """
    there, told = reckoned(page, "components/common/window-list.js", body)
    assert 10 < there < 60
    assert told == there


def test_of_two_parts_of_a_segment_one_keeps_the_sound_and_the_first_the_transition(page: Any) -> None:
    segment = {
        "key": "a",
        "name": "one",
        "start": 1,
        "end": 5,
        "transition": {"name": "circle"},
        "sfx": {"name": "pop"},
    }
    body = "return m.splitSegment('a', 3, 'b')(value).segments"
    first, second = reckoned(page, "components/editor/changes.js", body, {"segments": [segment]})
    assert (first["end"], first["transition"], first["sfx"]) == (3, {"name": "circle"}, {"name": "pop"})
    assert (second["start"], second.get("transition"), second.get("sfx")) == (3, None, None)
