"""`xinqiao import FILE`: tables at the machine, as programs and people call it."""

import contextlib
import csv
import json
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.support.world import MORNING, World

from xinqiao import cli
from xinqiao.cases.models import Case
from xinqiao.cli import sheets as command
from xinqiao.intake.models import SheetMapping
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import AccessLog

TABLE = "编号,人数,内容\n1,1,路灯坏了。\n2,很多,水管坏了。\n1,,路灯坏了。\n"
Run = Callable[..., tuple[int, Any]]


@pytest.fixture(autouse=True)
def _at_the_machine(
    world: World, as_role: Callable[[str], AbstractContextManager[None]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setattr(command, "database", lambda _role: contextlib.nullcontext())
    with as_role("seal"):
        access.bind(SYSTEM("test"))
        yield


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, Any]:
        status = cli.main(["import", *(str(word) for word in words)])
        told = capsys.readouterr()
        access.bind(SYSTEM("test"))
        return status, json.loads(told.out or told.err) if "--json" in words else told.out + told.err

    return call


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "表.csv"
    path.write_text(TABLE, encoding="gb18030")
    return path


def figures(told: dict[str, Any]) -> tuple[int, ...]:
    return tuple(told[name] for name in ("rows", "imported", "already", "rejected"))


def test_a_table_comes_in_once_and_what_does_not_is_written_for_its_owner_alone(
    run: Run, table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "rejects.csv"
    out.write_text("old")
    out.chmod(0o644)
    status, told = run(table, "--rejects", out, "--json")
    assert (status, set(told)) == (0, {"rows", "imported", "already", "rejected", "seconds"})
    assert figures(told) == (3, 1, 1, 1)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["第几行", "为什么没有导入", "编号", "人数", "内容"]
    assert [line[2] for line in lines[1:]] == ["2"]
    assert AccessLog.objects.filter(kind="export", detail__rows=1).count() == 1
    assert figures(run(table, "--json")[1]) == (3, 0, 2, 1)
    assert Case.objects.count() == 1
    assert "--rejects" in run(table)[1]


def test_a_dry_run_says_what_would_be(run: Run, table: Path, tmp_path: Path) -> None:
    status, told = run(table, "--dry-run", "--rejects", tmp_path / "x.csv", "--json")
    assert (status, figures(told), told["would_import"]) == (0, (3, 0, 1, 1), 1)
    assert [(one["row"], one["column"]) for one in told["errors"]] == [(3, "人数")]
    assert (told["errors_total"], told["errors_left_out"], told["notes"]) == (1, 0, [])
    assert Case.objects.count() == 0
    assert not (tmp_path / "x.csv").exists()


def test_errors_that_are_left_out_are_said(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "表.csv"
    path.write_text("编号,人数,内容\n" + "".join(f"{n},很多,路灯坏了。\n" for n in range(510)))
    told = run(path, "--dry-run", "--json")[1]
    assert (len(told["errors"]), told["errors_total"], told["errors_left_out"]) == (500, 510, 10)
    assert "一共 510 处" in run(path, "--dry-run")[1]


def test_a_kept_mapping_is_used_by_its_name_when_there_is_but_one(run: Run, world: World, tmp_path: Path) -> None:
    path = tmp_path / "表.csv"
    path.write_text("甲,乙\n1,路灯坏了。\n")
    kept = {"fields": {"number": ["甲"], "text": ["乙"]}}
    assert run(path)[0] != 0
    SheetMapping.objects.create(organ=world.organs["xf"], name="甲乙", columns=kept, saved_at=MORNING)
    assert figures(run(path, "--mapping", "甲乙", "--json")[1]) == (1, 1, 0, 0)
    SheetMapping.objects.create(organ=world.organs["cg"], name="甲乙", columns=kept, saved_at=MORNING)
    status, told = run(path, "--mapping", "甲乙")
    assert status != 0
    assert "分不清" in told
    SheetMapping.objects.create(organ=None, name="甲乙", columns=kept, saved_at=MORNING)
    assert figures(run(path, "--mapping", "甲乙", "--json")[1]) == (1, 0, 1, 0)
    assert "没有叫" in run(path, "--mapping", "没有")[1]


def test_a_sheet_and_the_row_of_its_headings_can_be_named(run: Run, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "说明"  # type: ignore[union-attr]
    book.active.append(["怎么填"])  # type: ignore[union-attr]
    page = book.create_sheet("登记")
    for row in (["甲类", "乙类"], ["编号", "内容"], ["1", "路灯坏了。"]):
        page.append(row)
    path = tmp_path / "表.xlsx"
    book.save(path)
    told = run(path, "--sheet", "登记", "--heading-row", "2", "--json")[1]
    assert (figures(told), told["sheet"], told["sheets"]) == ((1, 1, 0, 0), "登记", ["说明", "登记"])
    assert run(path, "--sheet", "没有")[0] != 0


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    status, told = run(tmp_path / "nothing.xlsx")
    assert status != 0
    assert "打不开" in told
