"""What is taken and what is not: the content decides."""

import io
import zipfile
import zlib

import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, TextStringObject

from xinqiao.files import checks
from xinqiao.files.checks import DOCX, PDF, XLSX, Unfit, decode_text, inspect
from xinqiao.files.images import LONGEST_SIDE, THUMBNAIL_SIDE, derive
from xinqiao.files.names import safe_name
from xinqiao.files.tests import makers
from xinqiao.papers import compose, render_docx, render_pdf
from xinqiao.papers.tests.samples import FACTS

TAKEN = {
    "image/jpeg": makers.picture("JPEG"),
    "image/png": makers.picture("PNG"),
    "image/webp": makers.picture("WEBP"),
    "image/gif": makers.picture("GIF"),
    PDF: makers.pdf(),
    DOCX: makers.office(),
    XLSX: makers.office("xl/workbook.xml"),
    "text/plain": "小区东门路面塌陷。\n第二行".encode(),
    "audio/wav": makers.wav(),
    "audio/mpeg": makers.mp3(),
    "audio/mp4": makers.iso_media(b"M4A "),
    "video/mp4": makers.iso_media(b"isom"),
    "video/quicktime": makers.iso_media(b"qt  "),
}


@pytest.mark.parametrize("media_type", sorted(TAKEN))
def test_each_allowed_type_is_known_by_its_content(media_type: str) -> None:
    found = inspect("whatever.exe", TAKEN[media_type])
    assert found.media_type == media_type
    assert found.extension == checks.EXTENSIONS[media_type]


def test_our_own_papers_pass() -> None:
    paper = compose("receipt", FACTS["receipt"])
    assert inspect("a.pdf", render_pdf(paper)).media_type == PDF
    assert inspect("a.docx", render_docx(paper)).media_type == DOCX


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
JPEG = makers.picture()


def appended_archive(data: bytes) -> bytes:
    return data + makers.office()


REFUSED = {
    "empty": (b"", "没有内容"),
    "svg": (SVG, "矢量图"),
    "svg after a comment": (b"<!-- x -->\n" + SVG, "矢量图"),
    "html": (HTML, "网页"),
    "html in UTF-16": ("<html>".encode("utf-16"), "网页"),
    "html far down a text": (b"x" * 9000 + b"<script >alert(1)</script>", "网页"),
    "picture with a page inside": (JPEG + b"<html><body>", "另一种文件"),
    "picture with a script inside": (makers.picture("GIF") + b"/*<script>*/", "另一种文件"),
    "picture with php": (JPEG + b"<?php system(1);", "另一种文件"),
    "picture with an archive behind it": (appended_archive(JPEG), "另一种文件"),
    "sound with an archive behind it": (appended_archive(makers.mp3()), "另一种文件"),
    "pdf with an archive behind it": (appended_archive(makers.pdf()), "另一种文件"),
    "heic": (makers.iso_media(b"heic"), "不能上传"),
    "avif": (makers.iso_media(b"avif"), "不能上传"),
    "3gp": (b"\x00\x00\x00\x18ftyp3gp5" + bytes(64), "不能上传"),
    "old word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "不能上传"),
    "program": (b"MZ" + bytes(600), "不能上传"),
    "linux program": (b"\x7fELF" + bytes(600), "不能上传"),
    "rar": (b"Rar!\x1a\x07\x00" + bytes(60), "不能上传"),
    "plain archive": (b"PK\x05\x06" + bytes(18), "不能上传"),
    "unknown bytes": (bytes(range(1, 256)) * 3 + b"\x00\x81", "认不出来"),
    "locked pdf": (makers.pdf(password="x"), "有密码"),
    "pdf with a script": (makers.pdf(script=True), "自动运行"),
    "pdf that starts a program": (makers.pdf(launch=True), "自动运行"),
    "broken pdf": (b"%PDF-1.7\nnothing here", "打不开"),
    "cut office file": (makers.office()[:60], "打不开"),
    "archive without a document": (makers.office("readme.txt"), "不能上传"),
    "two documents in one": (makers.office(members={"xl/workbook.xml": "x"}), "不能上传"),
    "macro by part": (makers.office(members={"word/vbaProject.bin": "x"}), "宏"),
    "macro by type": (
        makers.office(types="<Types>application/vnd.ms-word.document.macroEnabled.main+xml</Types>"),
        "宏",
    ),
    "control": (makers.office(members={"word/activeX/activeX1.bin": "x"}), "宏"),
    "program in a document": (makers.office(members={"word/embeddings/setup.exe": "x"}), "宏"),
    "path out of the archive": (makers.office(members={"../../etc/passwd": "x"}), "另一种文件"),
    "bomb by ratio": (makers.office(members={"word/media/a.xml": bytes(30 * 1024 * 1024)}), "展开后太大"),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_does_harm_is_refused_with_a_way_out(case: str) -> None:
    data, phrase = REFUSED[case]
    with pytest.raises(Unfit) as caught:
        inspect("我的文件", data)
    assert phrase in caught.value.message
    assert "我的文件" in caught.value.fields["files"]
    assert caught.value.remedy


def test_fifty_megabytes_are_refused_in_plain_words() -> None:
    with pytest.raises(Unfit) as caught:
        inspect("视频.mp4", bytes(50 * 1024 * 1024))
    assert "50.0 MB，超过单个文件 20 MB 的上限" in caught.value.message


def test_an_archive_with_too_many_parts_or_too_much_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MOST_MEMBERS", 2)
    with pytest.raises(Unfit, match="展开后太大"):
        inspect("a", makers.office(members={"a": "1"}))
    monkeypatch.setattr(checks, "MOST_MEMBERS", 2000)
    monkeypatch.setattr(checks, "MOST_UNPACKED", 10)
    with pytest.raises(Unfit, match="展开后太大"):
        inspect("a", makers.office())


def test_an_archive_that_lies_about_its_sizes_does_not_unpack() -> None:
    data = bytearray(makers.office())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (5).to_bytes(4, "little")
    assert inspect("a", bytes(data)).media_type == DOCX  # only the types are read, and only within their bounds


def test_a_locked_archive_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", makers.CONTENT_TYPES)
        archive.writestr("word/document.xml", "x")
    data = bytearray(out.getvalue())
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        data[at + 8] |= 1
    with pytest.raises(Unfit, match="有密码"):
        inspect("a", bytes(data))


def pdf_with(change: str) -> bytes:
    writer = PdfWriter()
    page = writer.add_blank_page(200, 200)
    action = DictionaryObject({NameObject("/S"): NameObject("/SubmitForm"), NameObject("/F"): TextStringObject("x")})
    actions = DictionaryObject({NameObject("/O"): action})
    if change == "page":
        page[NameObject("/AA")] = actions
    elif change == "note":
        note = DictionaryObject({NameObject("/Subtype"): NameObject("/Link"), NameObject("/A"): action})
        page[NameObject("/Annots")] = writer._add_object(ArrayObject([writer._add_object(note)]))
    elif change == "harmless note":
        link = DictionaryObject(
            {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): TextStringObject("https://x")}
        )
        note = DictionaryObject({NameObject("/Subtype"): NameObject("/Link"), NameObject("/A"): link})
        page[NameObject("/Annots")] = ArrayObject([writer._add_object(note)])
    elif change == "catalogue":
        writer.root_object[NameObject("/AA")] = actions
    elif change == "names":
        writer.root_object[NameObject("/Names")] = DictionaryObject({NameObject("/JavaScript"): DictionaryObject()})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("change", ["page", "note", "catalogue", "names"])
def test_a_pdf_that_acts_by_itself_is_refused(change: str) -> None:
    with pytest.raises(Unfit, match="自动运行"):
        inspect("a.pdf", pdf_with(change))


def test_a_pdf_with_links_is_fine() -> None:
    assert inspect("a.pdf", pdf_with("harmless note")).media_type == PDF


def test_a_pdf_without_pages_or_with_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unfit, match="0 页"):
        inspect("a.pdf", makers.pdf(0))
    monkeypatch.setattr(checks, "MOST_PAGES", 2)
    with pytest.raises(Unfit, match="3 页"):
        inspect("a.pdf", makers.pdf(3))


def test_text_is_read_in_the_encodings_people_use() -> None:
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        assert decode_text("信访事项\r\n".encode(encoding)) == "信访事项\r\n"
    assert decode_text(b"\xff\xfeA") is None
    assert decode_text(b"\xff\xff\xff") is None
    assert decode_text(b"a\x00b") is None


# --- Pictures


def test_a_derivative_is_upright_small_and_says_nothing_of_the_phone() -> None:
    original = makers.picture_with_exif()
    assert b"SECRETPHONE" in original
    found = derive("a", original)
    view = open_picture(found.view)
    assert view.size == (40, 80)
    assert found.media_type == "image/jpeg"
    for data in (found.view, found.thumbnail):
        assert b"SECRETPHONE" not in data
        assert b"taken at home" not in data
        assert not open_picture(data).getexif()


def test_large_pictures_shrink() -> None:
    found = derive("a", makers.picture(size=(5000, 2500)))
    assert open_picture(found.view).size == (LONGEST_SIDE, LONGEST_SIDE // 2)
    assert open_picture(found.thumbnail).size == (THUMBNAIL_SIDE, THUMBNAIL_SIDE // 2)


@pytest.mark.parametrize(
    ("kind", "mode", "expected"),
    [
        ("PNG", "RGBA", "image/webp"),
        ("PNG", "L", "image/jpeg"),
        ("GIF", "P", "image/jpeg"),
        ("PNG", "1", "image/jpeg"),
        ("JPEG", "CMYK", "image/jpeg"),
        ("PNG", "I;16", "image/jpeg"),
    ],
)
def test_every_kind_of_pixels_comes_out_plain(kind: str, mode: str, expected: str) -> None:
    found = derive("a", makers.picture(kind, mode=mode))
    assert found.media_type == expected
    assert open_picture(found.view).size == (64, 48)


def test_bombs_and_broken_pictures_are_refused() -> None:
    bomb = bytearray(makers.picture("PNG", mode="1"))
    bomb[16:24] = (40_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    with pytest.raises(Unfit, match="太大"):
        derive("a", bytes(bomb))
    wide = bytearray(makers.picture("PNG", mode="1"))
    wide[16:24] = (9_000).to_bytes(4, "big") * 2
    wide[29:33] = zlib.crc32(bytes(wide[12:29])).to_bytes(4, "big")
    with pytest.raises(Unfit, match="8100 万像素"):
        derive("a", bytes(wide))
    with pytest.raises(Unfit, match="打不开"):
        derive("a", makers.picture(size=(600, 600))[:900])
    with pytest.raises(Unfit, match="打不开"):
        derive("a", b"\xff\xd8\xff\xe0 not a picture")


def open_picture(data: bytes):  # type: ignore[no-untyped-def]
    from PIL import Image

    return Image.open(io.BytesIO(data))


# --- Names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("照片.JPG", "照片.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\Users\\某\\合同.pdf", "合同.jpg"),
        ("evil.html", "evil.jpg"),
        ("a\u202egpj.exe", "agpj.jpg"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie_ x.jpg"),
        ('<script>"x"', "_script__x_.jpg"),
        ("", "附件.jpg"),
        (".htaccess", "附件.jpg"),
        ("...", "附件.jpg"),
        ("CON.png", "附件.jpg"),
        ("a/", "附件.jpg"),
        ("第3.1节说明", "第3.1节说明.jpg"),
        ("字" * 300, "字" * 120 + ".jpg"),
        ("a\x00b.jpg", "ab.jpg"),
    ],
)
def test_names_are_made_safe(name: str, expected: str) -> None:
    assert safe_name(name, "jpg") == expected


def test_bytes_of_a_picture_that_look_like_a_script_are_no_script() -> None:
    writer, drawn = PdfWriter(), DecodedStreamObject()
    drawn.set_data(b"% ab/JS<cde")
    writer.add_blank_page(9, 9)[NameObject("/Contents")] = writer._add_object(drawn)
    written = io.BytesIO()
    writer.write(written)
    assert b"/JS<" in written.getvalue()
    assert inspect("a.pdf", written.getvalue()).media_type == PDF
