"""Papers and attached files of a case, to read or to keep."""

from urllib.parse import quote
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from xinqiao import papers as drawing
from xinqiao.cases import access, documents, selectors
from xinqiao.cases import papers as case_papers
from xinqiao.desk.views.door import actor_of, open_case, staff
from xinqiao.files import selectors as files
from xinqiao.files.serving import blob_serve
from xinqiao.kernel.errors import BadInput, NotFound
from xinqiao.people import clock

TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@require_GET
@staff()
def paper(request: HttpRequest, number: str, document_id: UUID, form: str) -> HttpResponse:
    """An issued paper as it was frozen; a signed one to be printed and stamped; a draft as it would look, marked as one."""
    actor = actor_of(request)
    case = open_case(request, number)
    document = selectors.document_of(actor=actor, document_id=document_id)
    if document is None or document.case_id != case.pk or form not in TYPES:
        raise NotFound()
    name = f"{document.number or '草稿'}.{form}"
    if document.number is None:
        try:
            content = case_papers.compose(document, draft=document.state != "signed")
        except BadInput as error:
            return HttpResponse(error.message, status=422, content_type="text/plain; charset=utf-8")
        data = drawing.render_pdf(content) if form == "pdf" else drawing.render_docx(content)
    else:
        document = documents.document_render(document=document, form=form, actor=actor, at=clock.now())
        blob_id = document.pdf if form == "pdf" else document.docx
        if blob_id is None:
            raise NotFound()
        data, _type = files.blob_read(files.blob_get(blob_id), derivative=False)
    response = HttpResponse(data, content_type=TYPES[form])
    way = "inline" if form == "pdf" else "attachment"
    response.headers["Content-Disposition"] = f"{way}; filename*=UTF-8''{quote(name, safe='')}"
    return response


@require_GET
@staff()
def file(request: HttpRequest, number: str, blob_id: UUID) -> HttpResponse:
    """An attached file, as a drawn-anew picture or as a download."""
    case = open_case(request, number)
    seen = files.blobs_for_staff(case.id, identity=access.may_see_identity(case, actor_of(request)))
    blob = seen.filter(pk=blob_id).first()
    if blob is None:
        raise NotFound()
    served = blob_serve(blob, thumbnail=request.GET.get("size") == "small", download=request.GET.get("save") == "1")
    return HttpResponse(served.data, headers=served.headers)
