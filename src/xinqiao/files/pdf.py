"""What a PDF does and carries, read by its parser."""

from pypdf import PdfReader as PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

_ACTIVE = ("/JavaScript", "/Launch", "/RichMedia", "/SubmitForm", "/ImportData", "/Rendition")
_INERT = (".xml", ".xbrl")  # electronic invoices carry their own figures


def carries_files(reader: PdfReader) -> bool:
    """Whether files are attached to the document or to one of its pages; an invoice's own data do no harm."""
    names = set(reader.attachments)
    for page in reader.pages:
        notes = page.get("/Annots")
        notes = notes.get_object() if isinstance(notes, IndirectObject) else notes
        for note in notes if isinstance(notes, ArrayObject) else ():
            entry = _dictionary(note)
            if entry.get("/Subtype") == "/FileAttachment":
                file = _dictionary(entry.get("/FS"))
                names.add(str(file.get("/UF") or file.get("/F") or ""))
    return any(not each.lower().endswith(_INERT) for each in names)


def has_action(reader: PdfReader) -> bool:
    """Whether anything in the catalogue or on a page runs by itself: scripts, programs, forms that send."""
    root = reader.root_object
    names = _dictionary(root.get("/Names"))
    if "/JavaScript" in names or "/XFA" in _dictionary(root.get("/AcroForm")):
        return True
    if _runs(root.get("/OpenAction")) or _runs_any(root.get("/AA")):
        return True
    for page in reader.pages:
        if _runs_any(page.get("/AA")):
            return True
        notes = page.get("/Annots")
        notes = notes.get_object() if isinstance(notes, IndirectObject) else notes
        for note in notes if isinstance(notes, ArrayObject) else ():
            entry = _dictionary(note)
            if entry.get("/Subtype") == "/RichMedia" or _runs(entry.get("/A")) or _runs_any(entry.get("/AA")):
                return True
    return False


def _dictionary(value: object) -> DictionaryObject:
    value = value.get_object() if isinstance(value, IndirectObject) else value
    return value if isinstance(value, DictionaryObject) else DictionaryObject()


def _runs(action: object) -> bool:
    return _dictionary(action).get("/S") in _ACTIVE


def _runs_any(actions: object) -> bool:
    return any(_runs(action) for action in _dictionary(actions).values())
