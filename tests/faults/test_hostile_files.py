"""Hostile files at every door: refused with a word that names the file and the next step; everything else stays typed."""

import io
import json
import re
import zipfile
import zlib
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from tests.support.world import World
from xinqiao.api.tests.conftest import Program, Programs
from xinqiao.desk.tests.road import NEXT_DAY, bring, moving, new_case, signed_in
from xinqiao.files import services as files
from xinqiao.files.checks import inspect
from xinqiao.files.images import derive
from xinqiao.files.names import safe_name, shown_name
from xinqiao.files.tests import makers
from xinqiao.intake.models import Submission
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.portal.tests.support import SAID, fill

pytestmark = pytest.mark.django_db
MEGABYTE = 1024 * 1024
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><script>fetch('/desk/')</script></html>"


def bomb(main: str) -> bytes:
    return makers.office(main, members={f"{main.partition('/')[0]}/media/a.xml": bytes(40 * MEGABYTE)})


def nested_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50 * MEGABYTE))
    return out.getvalue()


def huge_picture(side: int) -> bytes:
    """A small file that says it holds side × side pixels."""
    data = bytearray(makers.picture("PNG", size=(1, 1)))
    data[16:24] = side.to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


def pdf_with_file(name: str) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.add_attachment(name, b"MZ" + bytes(200))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def pdf_with_pinned_file() -> bytes:
    writer = PdfWriter()
    page = writer.add_blank_page(200, 200)
    pinned = DictionaryObject(
        {
            NameObject("/Subtype"): NameObject("/FileAttachment"),
            NameObject("/FS"): DictionaryObject({NameObject("/F"): TextStringObject("setup.exe")}),
        }
    )
    page[NameObject("/Annots")] = ArrayObject([writer._add_object(pinned)])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


# what it is called, what it holds, a word of the refusal
HOSTILE: dict[str, tuple[str, Any, str]] = {
    "zip bomb as docx": ("申请书.docx", lambda: bomb("word/document.xml"), "展开后太大"),
    "zip bomb as xlsx": ("工资表.xlsx", lambda: bomb("xl/workbook.xml"), "展开后太大"),
    "zip bomb": ("材料.zip", nested_zip, "不能上传"),
    "50 MB photo": ("现场.jpg", lambda: makers.picture() + bytes(50 * MEGABYTE), "20 MB"),
    "decompression bomb": ("大图.png", lambda: huge_picture(60_000), "太大"),
    "too many pixels": ("全景.png", lambda: huge_picture(10_000), "太大"),
    "pdf that is a page": ("通知.pdf", lambda: b"%PDF-1.7\n" + HTML, "不能上传"),
    "pdf that is an archive": ("合同.pdf", lambda: makers.pdf() + makers.office(), "另一种文件"),
    "gif that is a script": (
        "动图.gif",
        lambda: b"GIF89a/*" + makers.picture("GIF")[8:] + b"*/=1;alert(1)",
        "另一种文件",
    ),
    "picture that is a page": ("路灯.jpg", lambda: makers.picture() + HTML, "另一种文件"),
    "svg with a script": ("示意图.svg", lambda: SVG, "矢量图"),
    "svg called png": ("示意图.png", lambda: SVG, "矢量图"),
    "page called jpg": ("照片.jpg", lambda: HTML, "网页"),
    "program called jpg": ("照片二.jpg", lambda: b"MZ" + bytes(900), "不能上传"),
    "program called pdf": ("判决书.pdf", lambda: b"\x7fELF" + bytes(900), "不能上传"),
    "pdf with a script": ("表格.pdf", lambda: makers.pdf(script=True), "自动运行"),
    "pdf that starts a program": ("表格二.pdf", lambda: makers.pdf(launch=True), "自动运行"),
    "pdf with a file inside": ("信件.pdf", lambda: pdf_with_file("setup.exe"), "附着别的文件"),
    "pdf with a file pinned to it": ("信件二.pdf", pdf_with_pinned_file, "附着别的文件"),
    "empty": ("空白.pdf", lambda: b"", "没有内容"),
}
WAY_OUT = re.compile("请|可以上传的有")


@pytest.fixture(autouse=True)
def morning(monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch, NEXT_DAY + timedelta(hours=2))


def upload(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/jpeg")


def good() -> SimpleUploadedFile:
    return upload("好的照片.jpg", makers.picture())


@pytest.mark.parametrize("case", sorted(HOSTILE))
def test_on_the_portal(case: str, world: World) -> None:
    name, make, word = HOSTILE[case]
    answer = Client().post("/say/", fill(photos=[good(), upload(name, make())]))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert word in page
    assert name in page
    assert "请" in page
    for typed in (SAID["text"], SAID["name"], SAID["place"]):
        assert typed in page
    assert "好的照片.jpg" in page  # need not be chosen again
    with access.acting(SYSTEM("test")):
        assert not Submission.objects.exists()


@pytest.mark.parametrize("case", sorted(HOSTILE))
def test_at_the_desk(case: str, world: World) -> None:
    name, make, word = HOSTILE[case]
    matter = bring(world, new_case(world), "at_unit")
    client = signed_in(world, "cg.handler")
    address = f"/desk/cases/{matter.number}/do/site_visit/"
    form = client.get(address).context["form"]
    given = {"visited_on": NEXT_DAY.date(), "place": "小河路口", "findings": "他说第三根灯杆也不亮了。"}
    typed = {f"in-{field}": value for field, value in given.items()}
    answer = client.post(address, {"in-key": form.form_key, **typed, "in-photos": [good(), upload(name, make())]})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert word in page, answer.context["form"].errors
    assert name in page
    assert "他说第三根灯杆也不亮了。" in page
    assert "好的照片.jpg" in page


@pytest.mark.parametrize("case", sorted(HOSTILE))
def test_at_the_interface(case: str, world: World) -> None:
    name, make, word = HOSTILE[case]
    answer = Programs(world).of("window").upload(name, make())
    body = answer.json()
    assert answer.status_code == 422
    told = json.dumps(body, ensure_ascii=False)
    assert word in told
    assert name in told
    assert WAY_OUT.search(body["remedy"])


def test_an_invoice_with_its_figures_is_welcome() -> None:
    assert inspect("发票.pdf", pdf_with_file("invoice.xml")).media_type == "application/pdf"


# --- how they are called

NAMES = {
    "path": ("../../etc/passwd.jpg", "passwd.jpg"),
    "path of windows": ("C:\\Users\\x\\现场.jpg", "现场.jpg"),
    "control characters": ("现\x00场\r\nSet-Cookie: a.jpg", "现场Set-Cookie: a.jpg"),
    "turned round": ("照片\u202egpj.exe", "照片gpj.exe"),
    "nothing to be seen": ("\u200b\u200b.jpg", ".jpg"),
    "very long": ("灯" * 300 + ".jpg", "灯" * 120 + "…"),
}


@pytest.mark.parametrize("case", sorted(NAMES))
def test_names_that_deceive_are_told_plainly_and_kept_harmless(case: str, world: World) -> None:
    name, shown = NAMES[case]
    assert shown_name(name) == shown
    with pytest.raises(files.Unfit) as refused:
        files.blob_check(name=name, data=HTML)
    assert f"“{shown}”" in refused.value.message
    kept = safe_name(name, "jpg")
    assert kept.endswith(".jpg")
    assert not set(kept) & set('/\\<>:"|?*%&#;\x00\r\n\u202e\u200b')
    answer = Client().post("/say/", fill(photos=upload(name, makers.picture())))
    assert answer.status_code == 302


# --- how many


def test_too_many_files_are_told_and_what_was_typed_stays(world: World) -> None:
    several = [upload(f"{n}.jpg", makers.picture(size=(8, 8))) for n in range(21)]
    answer = Client().post("/say/", fill(photos=several))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "最多" in page
    assert SAID["text"] in page


def test_ten_photos_are_one_too_many_and_the_others_need_not_be_chosen_again(world: World) -> None:
    several = [upload(f"{n}.jpg", makers.picture(size=(8, 8))) for n in range(10)]
    answer = Client().post("/say/", fill(photos=several))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "照片最多 9 张" in page
    assert "9.jpg" in page


def test_hundreds_of_files_do_not_even_reach_the_form(world: World) -> None:
    answer = Client().post("/say/", fill(photos=[upload(f"{n}.jpg", b"x") for n in range(101)]))
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "data-xq-failed" in page  # the browser puts back what was typed
    assert "附件" in page


def test_the_interface_tells_which_of_the_files_is_gone(world: World) -> None:
    answer = Program().post(
        "/submissions",
        {"text": SAID["text"], "files": [{"token": "no-such-token-at-all-x", "kind": "photo"}]},
        key=str(uuid4()),
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "files.0.token"


def test_a_picture_is_drawn_anew_without_what_hid_in_it() -> None:
    data = makers.picture_with_exif()
    drawn = derive("a", data)
    assert b"SECRETPHONE" not in drawn.view
    assert Image.open(io.BytesIO(drawn.view)).getexif() == {}
