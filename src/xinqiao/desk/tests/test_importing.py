"""Importing at the desk: upload, columns, dry run, the worker's run, what was not taken in."""

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.support.world import LONG_AGO, MORNING, World

from xinqiao.cases.models import Case
from xinqiao.desk.tests.road import at_most, moving, signed_in
from xinqiao.intake.jobs import sheet_work
from xinqiao.intake.models import SheetImport, SheetMapping
from xinqiao.intake.sheets import store
from xinqiao.people import access, proof
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import AccessLog, Account, Post

GOOD = "编号,姓名,手机,留言内容\n1,钱大桥,19900001234,路灯坏了三个星期。\n2,,,下水道堵了。\n"
MIXED = GOOD + "3,孙小河,12345,楼上漏水。\n4,,,\n"


@pytest.fixture(autouse=True)
def _rehearsed(monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch, MORNING)


@pytest.fixture
def work(
    as_role: Callable[[str], AbstractContextManager[None]], django_capture_on_commit_callbacks: Any
) -> Callable[[str], None]:
    """What the worker does with an import, in its role."""

    def run(sheet_id: str) -> None:
        with as_role("seal"), django_capture_on_commit_callbacks(execute=True):
            sheet_work(sheet_id=sheet_id)
            access.bind(SYSTEM("test"))

    return run


def upload(client: Client, text: str | bytes, name: str = "导出.csv") -> Any:
    data = text if isinstance(text, bytes) else text.encode("gb18030")
    return client.post("/desk/import/", {"file": SimpleUploadedFile(name, data)})


def page_of(answer: Any) -> str:
    assert answer.status_code == 302, answer.content.decode()[:2000]
    return str(answer["Location"])


def id_of(page: str) -> str:
    return page.rstrip("/").rpartition("/")[2]


def read(client: Client, page: str) -> str:
    answer = client.get(page)
    assert answer.status_code == 200
    return answer.content.decode()


def columns(client: Client, page: str, **more: str) -> dict[str, str]:
    """The form as the page shows it, with what was guessed."""
    text = read(client, page)
    found = {}
    for name, inside in re.findall(r'<select[^>]*name="(column-\d+)">(.*?)</select>', text, re.S):
        chosen = re.search(r'<option value="(\w*)" selected', inside)
        found[name] = chosen[1] if chosen else ""
    return {**found, "channel": "sheet", "day_order": "mdy", "do": "check", **more}


def test_from_upload_to_rejects(world: World, work: Callable[[str], None]) -> None:
    client = signed_in(world, "officer")
    page = page_of(upload(client, MIXED))
    form = columns(client, page)
    assert list(form.values())[:4] == ["number", "name", "phone", "text"]
    assert client.post(page, form).status_code == 302
    assert 'hx-trigger="every 1s"' in read(client, page), "the bar survives a reload"
    assert store.path_of(UUID(id_of(page))).is_file()

    work(id_of(page))
    text = read(client, page)
    assert "导入这 2 件" in text
    assert "手机" in text
    assert "留言内容" in text
    with access.acting(SYSTEM("test")):
        assert Case.objects.count() == 0, "a dry run writes nothing"

    assert client.post(page, {"do": "run"}).status_code == 302
    assert client.get(f"{page}standing/").status_code == 200
    work(id_of(page))
    answer = client.get(f"{page}standing/")
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
    text = read(client, page)
    assert "导入完成" in text
    assert "下载没有导入的 2 行和原因" in text
    with access.acting(SYSTEM("test")):
        assert Case.objects.count() == 2
    assert not store.path_of(UUID(id_of(page))).exists(), "what was taken in is not kept twice"

    answer = client.get(f"{page}rejects.csv")
    assert answer.streaming
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("第几行,为什么没有导入,编号,姓名,手机,留言内容")
    assert lines[1].startswith("4,")
    assert "孙小河" in lines[1]
    assert lines[2].startswith("5,")
    with access.acting(world.actor("officer")):
        assert AccessLog.objects.filter(kind="export", detail__rows=2).exists()


def test_a_mapping_is_kept_and_used_again(world: World) -> None:
    client = signed_in(world, "officer")
    page = page_of(upload(client, "甲,乙\n1,路灯坏了。\n"))
    form = columns(client, page)
    assert form["column-0"] == form["column-1"] == ""
    answer = client.post(page, form)
    assert answer.status_code == 422
    assert "请指出哪一列写着反映的事情" in answer.content.decode()
    assert client.post(page, {**form, "column-0": "number", "column-1": "text", "save_as": "甲乙"}).status_code == 302
    with access.acting(SYSTEM("test")):
        kept = SheetMapping.objects.get(name="甲乙")
    again = page_of(upload(client, "甲,乙\n2,水管坏了。\n"))
    assert columns(client, f"{again}?mapping={kept.pk}")["column-1"] == "text"


def test_two_columns_for_one_thing_are_refused(world: World) -> None:
    client = signed_in(world, "officer")
    page = page_of(upload(client, GOOD))
    answer = client.post(page, {**columns(client, page), "column-1": "phone"})
    assert answer.status_code == 422
    assert "这一项只能对应一列" in answer.content.decode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "空的"),
        (b"%PDF-1.7 ...", "不是表格"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "另存为 xlsx"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "网页"),
        (b"PK\x03\x04 broken", "坏了"),
        (bytes(range(256)) * 40, "认不出来"),
    ],
)
def test_what_is_no_table_is_refused_with_a_clear_word(world: World, data: bytes, told: str) -> None:
    answer = upload(signed_in(world, "officer"), data)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    with access.acting(SYSTEM("test")):
        assert SheetImport.objects.count() == 0


class Untouched(io.BytesIO):
    """A body that must not be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise AssertionError("read before the door")


def test_of_what_a_stranger_sends_nothing_is_read(world: World) -> None:
    body = {"CONTENT_LENGTH": str(600 * 1024**2), "wsgi.input": Untouched(b"x")}
    answer = Client(enforce_csrf_checks=True).post("/desk/import/", {}, **body)  # type: ignore[arg-type]
    assert answer.status_code == 423, "the way to the password"


def test_nothing_chosen(world: World) -> None:
    answer = signed_in(world, "officer").post("/desk/import/")
    assert answer.status_code == 422
    assert "请先选择文件" in answer.content.decode()


def test_stopping_and_dropping(world: World, work: Callable[[str], None]) -> None:
    client = signed_in(world, "officer")
    page = page_of(upload(client, GOOD))
    client.post(page, columns(client, page))
    client.post(page, {"do": "stop"})
    assert "试跑，先不导入" in read(client, page)
    client.post(page, columns(client, page))
    work(id_of(page))
    client.post(page, {"do": "run"})
    client.post(page, {"do": "stop"})
    work(id_of(page))
    assert "从停下的地方接着导入" in read(client, page)
    assert client.post(page, columns(client, page)).status_code == 422, "no other columns once it has begun"
    client.post(page, {"do": "drop"})
    assert "已停止" in read(client, page)


def test_a_file_that_was_swept_away_is_asked_for_again(world: World) -> None:
    client = signed_in(world, "officer")
    page = page_of(upload(client, GOOD))
    store.drop(UUID(id_of(page)))
    assert "请重新上传" in read(client, page)


def test_an_import_belongs_to_its_office_and_rejects_to_who_brought_it(
    world: World, work: Callable[[str], None]
) -> None:
    client = signed_in(world, "officer")
    page = page_of(upload(client, MIXED))
    client.post(page, columns(client, page))
    work(id_of(page))
    client.post(page, {"do": "run"})
    work(id_of(page))
    assert signed_in(world, "other").get(page).status_code == 404
    account = Account.objects.create(username="second", name="第二个干部")
    world.posts["second"] = Post.objects.create(
        account=account, organ=world.organs["xf"], role="officer", title="信访干部", valid_from=LONG_AGO
    )
    colleague = signed_in(world, "second")
    assert "只有上传的人能下载" in read(colleague, page)
    assert colleague.get(f"{page}rejects.csv").status_code == 404


def test_the_first_rows_are_shown_masked_and_only_to_who_brought_them(
    world: World, work: Callable[[str], None]
) -> None:
    client = signed_in(world, "officer")
    text = "编号,来电人,手机,留言内容,备注,收到时间\nA-1,钱大桥,19900001234,路灯坏了。,找19900005678,昨天\n"
    page = page_of(upload(client, text))
    shown = read(client, page)
    for words in ("A-1", "钱*桥", "199****1234", "路灯坏了。", "找＊＊＊", "昨天"):
        assert words in shown, words
    account = Account.objects.create(username="second", name="第二个干部")
    world.posts["second"] = Post.objects.create(
        account=account, organ=world.organs["xf"], role="officer", title="信访干部", valid_from=LONG_AGO
    )
    client.post(page, columns(client, page))
    work(id_of(page))
    assert "不是日期" in read(client, page)
    theirs = read(signed_in(world, "second"), page)
    assert "只有上传的人能看" in theirs
    for words in ("A-1", "钱*桥", "199****", "路灯坏了", "昨天"):
        assert words not in theirs, words
    assert "收到时间" in theirs, "which column is at fault may be known"


def test_another_sheet_and_another_row_of_headings(world: World) -> None:
    book = openpyxl.Workbook()
    book.active.title = "说明"  # type: ignore[union-attr]
    book.active.append(["怎么填"])  # type: ignore[union-attr]
    sheet = book.create_sheet("登记")
    for row in (["甲类", "乙类"], ["编号", "留言内容"], ["1", "路灯坏了。"]):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    client = signed_in(world, "officer")
    page = page_of(upload(client, out.getvalue(), "表.xlsx"))
    text = read(client, page)
    assert "现在读的是工作表“说明”" in text
    assert "还有：登记" in text
    for row, words in (("3", "不像列名"), ("51", "1 到 50"), ("x", "1 到 50")):
        answer = client.post(page, {"do": "reread", "page": "登记", "heading_row": row})
        assert (answer.status_code, words in answer.content.decode()) == (422, True)
        assert f'value="{row}"' in answer.content.decode(), "what was typed is there"
    assert client.post(page, {"do": "reread", "page": "登记", "heading_row": "2"}).status_code == 302
    assert list(columns(client, page).values())[:2] == ["number", "text"]
    client.post(page, columns(client, page))
    assert client.post(page, {"do": "reread", "page": "说明", "heading_row": ""}).status_code == 422, "it runs"


def test_the_name_for_a_mapping_outlives_an_error(world: World) -> None:
    client = signed_in(world, "officer")
    page = page_of(upload(client, GOOD))
    answer = client.post(page, {**columns(client, page), "column-1": "phone", "save_as": "我们的导出"})
    assert answer.status_code == 422
    assert 'value="我们的导出"' in answer.content.decode()


def test_stopped_and_started_again_at_once_counts_one_run(world: World, work: Callable[[str], None]) -> None:
    client = signed_in(world, "officer")
    page = page_of(upload(client, GOOD))
    form = columns(client, page)
    client.post(page, form)
    with access.acting(SYSTEM("test")):
        first = SheetImport.objects.get().turn
    client.post(page, {"do": "stop"})
    client.post(page, form)
    with access.acting(SYSTEM("test")):
        assert SheetImport.objects.get().turn == first + 1


def test_what_is_cut_short_is_said_beforehand(world: World, work: Callable[[str], None]) -> None:
    client = signed_in(world, "officer")
    page = page_of(upload(client, f"编号,标题,留言内容\n1,{'长' * 201},路灯坏了。\n"))
    client.post(page, columns(client, page))
    work(id_of(page))
    text = read(client, page)
    assert "导入这 1 件" in text
    assert "只留前 200 个字" in text


def test_pages_cost_the_same_with_many_imports(world: World) -> None:
    client = signed_in(world, "officer")
    pages = [page_of(upload(client, GOOD)) for _ in range(5)]
    with at_most(14):
        read(client, "/desk/import/")
    with at_most(16):
        read(client, pages[0])


PAST = "编号,姓名,留言内容,留言时间,答复时间,答复意见,点赞数\n1,钱大桥,路灯坏了三个星期。,2026-03-02 09:30,2026-06-01 15:00,已经修好，请看。,5\n2,,水管漏水。,2026-08-31 09:30,,,\n"


def test_imported_matters_are_files_like_any_other(world: World, work: Callable[[str], None]) -> None:
    client = signed_in(world, "officer")
    page = page_of(upload(client, PAST))
    client.post(page, columns(client, page))
    work(id_of(page))
    client.post(page, {"do": "run"})
    work(id_of(page))
    with access.acting(SYSTEM("test")):
        answered = Case.objects.get(closed_at__isnull=False)
        waiting = Case.objects.get(closed_at__isnull=True)
    text = read(client, f"/desk/cases/{answered.number}/")
    assert "路灯坏了三个星期。" in text
    assert "已经修好，请看。" in text
    assert "表格导入" in text
    assert "水管漏水。" in read(client, f"/desk/cases/{waiting.number}/")
    assert waiting.title in read(client, "/desk/")
    citizen = Client()
    session = citizen.session
    until = (MORNING + timedelta(minutes=30)).timestamp()
    session[proof.KEY] = {"cases": [str(answered.pk)], "submissions": [], "until": until}
    session.save()
    assert "已经修好，请看。" in read(citizen, f"/my/{answered.number}/")
