"""What a file really is. Uploads are hostile until shown otherwise: the content decides, never the name."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import filetype
from django.utils.translation import gettext

from xinqiao.kernel.errors import BadInput

MEGABYTE = 1024 * 1024
LARGEST = 20 * MEGABYTE

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Unfit(BadInput):
    """A file that cannot be taken; the message says why, the remedy what to do instead."""

    code = "unfit-file"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__({"files": message}, remedy=remedy)


@dataclass(frozen=True)
class Content:
    """What the content was found to be."""

    media_type: str
    extension: str


EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    PDF: "pdf",
    DOCX: "docx",
    XLSX: "xlsx",
    "text/plain": "txt",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/wav": "wav",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
}
_SAME = {"audio/x-wav": "audio/wav", "image/apng": "image/png", "video/x-m4v": "video/mp4"}
_ADVICE = {
    "image/heic": "请在手机的相机设置里选“兼容性最佳”后重拍，或者截一张图上传。",
    "image/heif": "请在手机的相机设置里选“兼容性最佳”后重拍，或者截一张图上传。",
    "image/avif": "请另存为 jpg 或者截一张图再上传。",
    "application/msword": "请在 Word 或 WPS 里另存为 docx 或 pdf 再上传；有密码的，请先去掉密码。",
    "application/vnd.ms-excel": "请在 Excel 或 WPS 里另存为 xlsx 或 pdf 再上传；有密码的，请先去掉密码。",
    "application/zip": "请解压后把里面的文件分别上传。",
    "application/x-rar-compressed": "请解压后把里面的文件分别上传。",
    "application/x-7z-compressed": "请解压后把里面的文件分别上传。",
}
_GENERAL = (
    "可以上传的有：照片（jpg、png、webp、gif）、pdf、docx、xlsx、txt、录音（mp3、m4a、wav）和短视频（mp4、mov）。"
    "也可以拍照上传。"
)
_MARKUP = re.compile(rb"<(!doctype|html|script|svg|\?php|\?xml|iframe|body|head|math|%@)", re.IGNORECASE)
_HIDDEN = re.compile(rb"<(!doctype\s+html|html[\s>]|script[\s>/]|\?php\b|iframe[\s>])", re.IGNORECASE)
_SPOKEN = re.compile(rb"/\*|\s*=")  # a GIF whose size is the beginning of a script: GIF89a/*…*/=1 or GIF89a=1
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def inspect(name: str, data: bytes) -> Content:
    """What `data` is, after all checks for its type. Raises Unfit; `name` only helps to say which file it was."""
    if not data:
        raise Unfit(gettext("“{name}”是空的，没有内容。").format(name=name), remedy="请重新选择文件。")
    if len(data) > LARGEST:
        size = f"{len(data) / MEGABYTE:.1f}"
        raise Unfit(
            gettext("“{name}”有 {size} MB，超过单个文件 20 MB 的上限。").format(name=name, size=size),
            remedy="照片可以先压缩或者截图；文件可以分成几份；视频请截短。您写的内容都还在。",
        )
    content = sniff(name, data)
    check = _CHECKS.get(content.media_type)
    if check:
        check(name, data)
    return content


def sniff(name: str, data: bytes) -> Content:
    """What `data` is, told by how it begins. Raises Unfit for what is not taken."""
    media_type = _sniff(name, data)
    return Content(media_type, EXTENSIONS[media_type])


def _sniff(name: str, data: bytes) -> str:
    if data.startswith(b"PK"):
        return _office(name, data)
    if data.startswith(_OLE):
        raise _not_taken(name, "application/msword")
    if data.startswith(b"%PDF-"):
        return PDF
    if data[4:12] == b"ftypqt  ":
        return "video/quicktime"
    guess = filetype.guess(data)
    media_type = _SAME.get(guess.mime, guess.mime) if guess else ""
    if media_type in EXTENSIONS and media_type != "text/plain":
        return media_type
    if media_type:
        raise _not_taken(name, media_type)
    return _text(name, data)


def _not_taken(name: str, media_type: str) -> Unfit:
    return Unfit(gettext("“{name}”这种格式不能上传。").format(name=name), remedy=_ADVICE.get(media_type, _GENERAL))


def decode_text(data: bytes) -> str | None:
    """The text in a plain text file (UTF-8, UTF-16 with its mark, GB 18030), or None when it is not text."""
    encodings = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not any(c < " " and c not in "\t\n\r\f" for c in text):
            return text
    return None


def _text(name: str, data: bytes) -> str:
    text = decode_text(data)
    if text is None:
        raise Unfit(gettext("“{name}”的格式认不出来，不能上传。").format(name=name), remedy=_GENERAL)
    if _MARKUP.search(text[:4096].encode()) or _HIDDEN.search(data):
        raise Unfit(
            gettext("“{name}”是网页或者矢量图（html、svg、xml），可能带有程序，不能上传。").format(name=name),
            remedy="请截图或者另存为 pdf 再上传。",
        )
    return "text/plain"


def _two_in_one(name: str) -> Unfit:
    return Unfit(
        gettext("“{name}”里面还藏着另一种文件，不能上传。").format(name=name),
        remedy="如果是照片，请截一张图再上传；如果是文件，请重新导出。",
    )


def _no_passenger(name: str, data: bytes) -> None:
    """Refuse a file that is also a page, a program or an archive."""
    if data.startswith(b"GIF8") and _SPOKEN.match(data, 6):
        raise _two_in_one(name)
    if _HIDDEN.search(data) or zipfile.is_zipfile(io.BytesIO(data)):
        raise _two_in_one(name)


# --- Office files: an archive, so first the archive


MOST_MEMBERS = 2_000
MOST_UNPACKED = 200 * MEGABYTE
MOST_RATIO = 150
_MAIN = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX}
_TYPES = "[Content_Types].xml"
_PROGRAM = re.compile(
    r"vbaproject\.bin$|vbadata\.xml$|(^|/)activex/|(^|/)macrosheets/|\.(exe|dll|js|vbs|bat|ps1|hta|scr)$"
)


def _office(name: str, data: bytes) -> str:
    if not data.startswith(b"PK\x03\x04"):
        raise _not_taken(name, "application/zip")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _office_archive(name, archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError, zlib.error) as error:
        raise Unfit(
            gettext("“{name}”打不开，可能没有传完整。").format(name=name), remedy="请在电脑上确认能打开，再重新上传。"
        ) from error


def _office_archive(name: str, archive: zipfile.ZipFile) -> str:
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(members) > MOST_MEMBERS or len(set(names)) != len(names):
        raise _bomb(name)
    if any(member.flag_bits & 1 for member in members):
        raise Unfit(gettext("“{name}”有密码，我们打不开。").format(name=name), remedy="请去掉密码再上传。")
    if any(part.startswith("/") or ".." in part.split("/") or "\\" in part for part in names):
        raise _two_in_one(name)
    if sum(member.file_size for member in members) > MOST_UNPACKED:
        raise _bomb(name)
    for member in members:
        if member.file_size > MEGABYTE and member.file_size > MOST_RATIO * max(1, member.compress_size):
            raise _bomb(name)
    found = [media_type for part, media_type in _MAIN.items() if part in names]
    if len(found) != 1 or _TYPES not in names:
        raise _not_taken(name, "application/zip")
    with archive.open(_TYPES) as types:
        declared = types.read(MEGABYTE).decode("utf-8", "replace").lower()
    if "macroenabled" in declared or "vbaproject" in declared or any(_PROGRAM.search(part.lower()) for part in names):
        raise Unfit(
            gettext("“{name}”里带有宏或者程序，不能上传。").format(name=name),
            remedy="请另存为不带宏的 docx、xlsx，或者导出为 pdf 再上传。",
        )
    return found[0]


def _bomb(name: str) -> Unfit:
    return Unfit(
        gettext("“{name}”展开后太大，不能上传。").format(name=name),
        remedy="请删去不需要的内容，或者导出为 pdf 再上传。",
    )


# --- PDF

MOST_PAGES = 2_000
_STREAM = re.compile(rb"\bstream\r?\n.*?endstream", re.DOTALL)  # pictures and fonts: any bytes, also those of a name
_SCRIPT = re.compile(rb"/(JavaScript|JS|Launch|RichMedia|XFA)[\s(<\[/]")


def _pdf(name: str, data: bytes) -> None:
    if zipfile.is_zipfile(io.BytesIO(data)) or b"<script" in data[:1024].lower():
        raise _two_in_one(name)
    from xinqiao.files import pdf  # the parser weighs 17 MB and half a second: only where a PDF comes in

    try:
        reader = pdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted:
            raise Unfit(
                gettext("“{name}”有密码，我们打不开。").format(name=name),
                remedy="请去掉密码，或者打印成新的 pdf 再上传。",
            )
        pages = len(reader.pages)
        active = bool(_SCRIPT.search(_STREAM.sub(b"", data))) or pdf.has_action(reader)
        carries = pdf.carries_files(reader)
    except Unfit:
        raise
    except Exception as error:  # a hostile PDF may raise anything in the parser
        raise Unfit(
            gettext("“{name}”打不开，可能没有传完整。").format(name=name),
            remedy="请确认能打开，或者打印成新的 pdf 再上传。",
        ) from error
    if not 0 < pages <= MOST_PAGES:
        raise Unfit(
            gettext("“{name}”有 {pages} 页，读不了。").format(name=name, pages=pages),
            remedy=gettext("请分成每份不超过 {most} 页再上传。").format(most=MOST_PAGES),
        )
    if active:
        raise Unfit(
            gettext("“{name}”里带有会自动运行的程序，不能上传。").format(name=name),
            remedy="请用“打印”另存为一个新的 pdf 再上传。",
        )
    if carries:
        raise Unfit(
            gettext("“{name}”里面还附着别的文件，不能上传。").format(name=name),
            remedy="请把附着的文件取出来分别上传，或者用“打印”另存为一个新的 pdf 再上传。",
        )


_CHECKS: dict[str, Callable[[str, bytes], None]] = {
    PDF: _pdf,
    "image/jpeg": _no_passenger,
    "image/png": _no_passenger,
    "image/webp": _no_passenger,
    "image/gif": _no_passenger,
    "audio/mpeg": _no_passenger,
    "audio/mp4": _no_passenger,
    "audio/wav": _no_passenger,
    "video/mp4": _no_passenger,
    "video/quicktime": _no_passenger,
}
