"""Does the house hold together? What is named in one room exists in the other."""

import re
from pathlib import Path

import pytest
from procrastinate.contrib.django import app as jobs

from xinqiao import law, papers
from xinqiao.cases import papers as case_papers
from xinqiao.law.acts import acts
from xinqiao.ledger import events as ledger
from xinqiao.notices import texts
from xinqiao.server import worker

SOURCE = Path(law.__file__).parents[1]
TEMPLATES = sorted(SOURCE.glob("*/templates/**/*.*"))
BY_CONVENTION = {  # found by their names, by Django or by allauth
    "400.html", "403.html", "403_csrf.html", "404.html", "429.html", "500.html",
}  # fmt: skip
_REFERENCE = re.compile(r"""["']([\w./-]+\.(?:html|txt|typ|jinja))["']""")


def _name(path: Path) -> str:
    parts = path.parts
    return "/".join(parts[parts.index("templates") + 1 :])


def test_every_template_is_drawn_by_something() -> None:
    used = set(BY_CONVENTION)
    for path in [*SOURCE.rglob("*.py"), *TEMPLATES]:
        used |= set(_REFERENCE.findall(path.read_text()))
    lost = {
        name
        for name in map(_name, TEMPLATES)
        if name not in used and not name.startswith(("account/", "mfa/", "usersessions/", "allauth/"))
    }
    assert lost == set(), "nothing draws these templates"


def test_templates_that_are_named_exist() -> None:
    known = set(map(_name, TEMPLATES))
    named = {
        name
        for path in TEMPLATES
        for name in re.findall(r"""{% (?:include|extends|from|compiled_part) ["']([\w./-]+)["']""", path.read_text())
    }
    assert named - known == set()


def test_every_job_has_a_worker() -> None:
    """The worker is started without a list of queues, and so serves all of them."""
    assert "queues=" not in Path(worker.__file__).read_text()
    names = {task.name for task in jobs.tasks.values()}
    declared = {
        found
        for path in SOURCE.glob("*/jobs.py")
        for found in re.findall(r"^def (\w+)\(|^async def (\w+)\(", path.read_text(), re.M)
    }
    assert len(names) >= len([one for one in declared if not (one[0] or one[1]).startswith("_")]) > 0
    deferred = {
        name
        for path in SOURCE.rglob("*.py")
        for name in re.findall(r"""configure_task\(\s*["']([\w.]+)["']""", path.read_text())
    }
    assert deferred - names == set(), "deferred by name, but no such job"


def test_every_event_declares_its_privacy_rule() -> None:
    known = {event.code: event for event in ledger.known()}
    for kind in law.events():
        assert isinstance(known[kind.event].privacy, ledger.Privacy), kind.event


def test_every_message_that_the_law_sends_has_words() -> None:
    for text, owner in law.notice_texts():
        assert texts.known(text, "petitioner" if owner == "petitioner" else "organ"), (text, owner)


def test_every_paper_that_the_law_issues_can_be_worded() -> None:
    kinds = {move.kind for p in law.procedures() for edge in p.edges for move in edge.documents}
    assert kinds - set(papers.KINDS) == set()
    assert kinds - set(case_papers._WRITERS) == set()
    assert all(papers.paper_label(kind) for kind in kinds)


def test_every_cite_stands_in_the_acts() -> None:
    cites = {cite for p in law.procedures() for edge in p.edges for cite in edge.cites}
    assert len(cites) > 20
    for cite in cites:
        assert law.article(cite).text is not None, cite
    assert {cite.partition(":")[0] for cite in cites} <= set(acts())


@pytest.mark.parametrize("procedure", [p.name for p in law.procedures()])
def test_every_state_has_a_name_and_a_sentence_for_the_citizen(procedure: str) -> None:
    found = next(p for p in law.procedures() if p.name == procedure)
    for state in found.states:
        assert law.state_label(procedure, state.key)


def test_no_page_needs_inline_styles_or_handlers() -> None:
    """The content policy would refuse them."""
    wrong = [
        _name(path)
        for path in TEMPLATES
        if path.suffix in (".html", ".jinja")
        and re.search(r"""\sstyle=["']|\son(?:click|change|submit|load)=|javascript:""", path.read_text())
    ]
    assert wrong == []
