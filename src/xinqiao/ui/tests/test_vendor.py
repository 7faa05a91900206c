"""The style sheet is cut down without breaking what is kept, and every icon named exists."""

from pathlib import Path

import pytest

from xinqiao.ui.icons import ICONS
from xinqiao.ui.reduce import reduce_css
from xinqiao.ui.vendor import main, vendor

MODULES = Path(__file__).resolve().parents[4] / "node_modules"


def keep(name: str) -> bool:
    return name in ("btn", "card")


def test_rules_of_other_classes_go_and_elements_stay():
    css = (
        "a{color:red}.btn{x:1}.navbar .btn{x:2}.btn,.nav{x:3}@media print{.nav{x:4}.card{x:5}}@media screen{.nav{x:6}}"
    )
    assert reduce_css(css, keep) == "a{color:red}.btn{x:1}.btn{x:3}@media print{.card{x:5}}"


def test_braces_in_strings_and_commas_in_brackets_are_not_taken_for_structure():
    css = '.btn:is(.btn,.card)::before{content:"};{";x:url("data:a,{b}")}'
    assert reduce_css(css, keep) == css


def test_a_class_that_is_only_excluded_does_not_count():
    assert reduce_css(".btn:not(.nav):not(:is(.tab)){x:1}", keep) == ".btn:not(.nav):not(:is(.tab)){x:1}"


def test_variables_that_nothing_reads_go_with_what_they_read():
    css = ":root{--a:1;--b:var(--c);--c:2;--d:3}.btn{x:var(--a)}"
    assert reduce_css(css, keep, also="p{y:var(--d)}") == ":root{--a:1;--d:3}.btn{x:var(--a)}"


def test_movements_that_nothing_plays_go():
    css = "@keyframes spin{to{x:1}}@keyframes glow{to{x:2}}.btn{animation:spin 1s}"
    assert reduce_css(css, keep) == "@keyframes spin{to{x:1}}.btn{animation:spin 1s}"


def test_missing_packages_are_named_with_what_to_do(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1
    assert "npm ci" in capsys.readouterr().err


@pytest.mark.skipif(not MODULES.is_dir(), reason="node_modules is not there: run script/setup")
def test_the_real_packages_give_a_small_sheet_and_every_icon(tmp_path):
    files = {path.name: path.read_text(encoding="utf-8") for path in vendor(MODULES, tmp_path)}
    assert set(files) == {"tabler.css", "icons.svg", "htmx.js"}
    assert len(files["tabler.css"]) < 150_000
    assert files["tabler.css"].count("{") == files["tabler.css"].count("}")
    for name in ICONS:
        assert f'id="{name}"' in files["icons.svg"]
