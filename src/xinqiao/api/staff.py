"""What a post does: its worklist, a case, what may be done, doing it, finding. The actor is the post's, exactly."""

import re
from datetime import date
from typing import Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import Field

from xinqiao.api import inputs, reading
from xinqiao.api.door import Token, bearer_of
from xinqiao.api.reply import reply
from xinqiao.api.schemas import (
    CaseOut,
    OptionsOut,
    OrganOut,
    PostOut,
    SearchOut,
    WorklistOut,
)
from xinqiao.cases import access, search, selectors, services
from xinqiao.cases.models import Case
from xinqiao.files import selectors as files
from xinqiao.files.serving import blob_serve
from xinqiao.kernel.errors import BadInput, NotFound
from xinqiao.kernel.words import N_
from xinqiao.people import clock
from xinqiao.people import selectors as people
from xinqiao.people.actors import Actor
from xinqiao.people.models import Organ

router = Router()

NUMBER = re.compile(r"\d{12}-\d{1,2}", re.ASCII)


def opened(actor: Actor, number: str) -> Case:
    """The case of that number. Absent, forbidden and sealed look the same: NotFound."""
    case = access.get(actor, number) if NUMBER.fullmatch(number) else None
    if case is None or case.sealed:
        raise NotFound()
    return case


@router.get("/me", auth=Token(), response=PostOut, url_name="me")
def me(request: HttpRequest) -> HttpResponse:
    """In which post this token works."""
    bearer = bearer_of(request)
    post = bearer.post
    return reply(
        {
            "post": post.pk,
            "title": post.title,
            "role": post.role,
            "area_code": bearer.actor.area_code,
            "organ": _organ(post.organ),
            "scopes": sorted(bearer.token.scopes),
            "expires_at": reading.moment(bearer.token.expires_at),
        }
    )


def _organ(organ: Organ) -> dict[str, object]:
    return {
        "id": organ.pk,
        "code": organ.code,
        "name": organ.name,
        "short_name": organ.short_name,
        "kind": organ.kind,
    }


@router.get("/organs", auth=Token("read"), response=list[OrganOut], url_name="organs")
def organs(request: HttpRequest) -> HttpResponse:
    """The organs in force today, with the ids that steps take."""
    return reply([_organ(one) for one in people.organs_of(on=clock.today())])


class WorklistQuery(Schema):
    view: Literal["due", "mine", "waiting", "all", "closed"] = "due"
    procedure: str = Field("", max_length=32)
    state: str = Field("", max_length=32)
    colour: Literal["", "green", "yellow", "red"] = ""
    area: str = Field("", max_length=15)
    content: str = Field("", max_length=6)
    mark: Literal["", "urged", "returned", "extended"] = ""
    number: str = Field("", max_length=20)
    since: date | None = None
    until: date | None = None
    after: str = Field("", max_length=100, description="The `next` of the page before")
    limit: int = Field(50, ge=1, le=100)


WORKLIST = Query(...)


@router.get("/worklist", auth=Token("read"), response=WorklistOut, url_name="worklist")
def worklist(request: HttpRequest, given: WorklistQuery = WORKLIST) -> HttpResponse:
    """The cases of the post's organ, by what is due (due, mine) or by receipt, paged by key."""
    bearer = bearer_of(request)
    try:
        page = selectors.worklist(
            actor=bearer.actor, filters=selectors.Filters(**given.model_dump(exclude={"limit"})), size=given.limit
        )
    except ValueError:
        raise BadInput({"after": N_("这不是上一页给出的 next。")}) from None
    own = bearer.post.organ
    return reply({"rows": [reading.row(one, own) for one in page.rows if not one.case.sealed], "next": page.after})


@router.get("/cases/{number}", auth=Token("read"), response=CaseOut, url_name="case")
def case_file(request: HttpRequest, number: str = Path(..., max_length=20)) -> HttpResponse:
    """The whole file of a case. Identities are not in it: they are revealed at the desk, for a reason."""
    actor = bearer_of(request).actor
    return reply(reading.whole(opened(actor, number), actor))


@router.get("/cases/{number}/options", auth=Token("read"), response=OptionsOut, url_name="options")
def options(request: HttpRequest, number: str = Path(..., max_length=20)) -> HttpResponse:
    """The steps that this post may take now, with their inputs as the law declares them."""
    actor = bearer_of(request).actor
    case = opened(actor, number)
    found = services.options(case=case, actor=actor, at=clock.now())
    return reply({"number": case.number, "state": case.state, "options": [reading.option(one) for one in found]})


@router.get("/cases/{number}/files/{file_id}", auth=Token("read"), url_name="file", response={200: bytes})
def file(request: HttpRequest, file_id: UUID, number: str = Path(..., max_length=20)) -> HttpResponse:
    """An attached file: a picture drawn anew (without what its camera wrote into it), everything else as it came."""
    actor = bearer_of(request).actor
    case = opened(actor, number)
    blob = files.blobs_for_staff(case.id, identity=access.may_see_identity(case, actor)).filter(pk=file_id).first()
    if blob is None:
        raise NotFound()
    served = blob_serve(blob, download=True)
    return HttpResponse(served.data, headers=served.headers)


class SearchQuery(Schema):
    words: str = Field("", max_length=200)
    number: str = Field("", max_length=40)
    place: str = Field("", max_length=80, description="A code, or words")
    organ_id: int | None = Field(None, ge=1, le=inputs.LARGEST_ID)
    state: str = Field("", max_length=32)
    content: str = Field("", max_length=6)
    kind: str = Field("", max_length=32, description="A procedure's name")
    received_from: date | None = None
    received_to: date | None = None
    after: str = Field("", max_length=100, description="The `next` of the page before")
    limit: int = Field(20, ge=1, le=50)


SEARCH = Query(...)


@router.get("/search", auth=Token("search"), response=SearchOut, url_name="search")
def find(request: HttpRequest, given: SearchQuery = SEARCH) -> HttpResponse:
    """Cases that this post may see, by words, number, place, organ, state, content, dates; nobody is found by name."""
    query = given.model_dump(exclude={"after", "limit"})
    try:
        page = search.find(bearer_of(request).actor, search.Query(**query), after=given.after, limit=given.limit)
    except ValueError:
        raise BadInput({"after": N_("这不是上一页给出的 next。")}) from None
    return reply(
        {
            "hits": [
                {**reading.brief(hit.case), "snippet": [{"text": text, "found": found} for text, found in hit.snippet]}
                for hit in page.hits
                if not hit.case.sealed
            ],
            "next": page.next,
            "note": page.note,
        }
    )
