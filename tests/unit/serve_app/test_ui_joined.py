"""What modules of the front end become when the first of them are joined into one file."""

from __future__ import annotations

import re

import pytest

from serve_app.ui.joined import JOINED, join_modules
from serve_app.ui.mount import assets

MODULES = {
    "main.js": 'import { mount } from "./pages/first.js";\nmount();\n',
    "core/time.js": "export const clock = (seconds) => `${seconds} s`;\nconst HIDDEN = 1;\n",
    "pages/first.js": 'import { clock } from "../core/time.js";\nexport async function mount() { clock(HIDDEN); }\n'
    "const HIDDEN = 2;\nexport const open = (name) => import(`../parts/${name}.js`);\n",
    "pages/later.js": 'import { clock } from "../core/time.js";\nimport { one } from "../parts/one.js";\nclock(one);\n',
    "parts/one.js": "export const one = 1;\n",
}


def test_what_the_first_modules_need_is_one_file_in_which_each_keeps_its_scope() -> None:
    joined = join_modules(MODULES, ("pages/first.js",))[JOINED]
    scopes = re.findall(r"^const (\w+) = \(\(\) => \{$", joined, re.MULTILINE)
    assert scopes == ["core_time", "pages_first"]  # a module stands after what it needs
    assert "const { clock } = core_time;" in joined
    assert "return { mount, open };" in joined
    assert "import(`./parts/${name}.js`)" in joined
    assert joined.endswith("export { core_time, pages_first };\n")


def test_other_modules_take_from_it_what_is_in_it_and_the_rest_from_where_it_was() -> None:
    sent = join_modules(MODULES, ("pages/first.js",))
    assert 'import { core_time } from "../first.js"; const { clock } = core_time;' in sent["pages/later.js"]
    assert 'import { one } from "../parts/one.js";' in sent["pages/later.js"]
    assert 'import { pages_first } from "./first.js"; const { mount } = pages_first;' in sent["main.js"]
    assert sent["pages/first.js"].endswith("export const { mount, open } = pages_first;\n")
    assert "core/time.js" not in sent  # nobody asks for it
    assert sent["parts/one.js"] == MODULES["parts/one.js"]


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("core/time.js", "export let clock = 1;\n", "cannot be joined: export let clock"),
        ("core/time.js", 'import * as all from "./x.js";\n', "cannot be joined: import"),
        ("core/time.js", 'import { mount } from "../pages/first.js";\nexport const clock = mount;\n', "needs itself"),
    ],
)
def test_a_module_of_another_form_or_in_a_circle_is_refused(path: str, text: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        join_modules({**MODULES, path: text}, ("pages/first.js",))


def test_the_first_page_is_joined_and_nothing_of_it_is_sent_twice() -> None:
    files = {path: asset.plain.decode() for path, asset in assets().files.items() if path.endswith(".js")}
    assert "const pages_dashboard = " in files[JOINED]
    for path, text in files.items():
        name = re.sub(r"\W", "_", path.removesuffix(".js"))
        assert f"const {name} = (() =>" not in text or path == JOINED, path
