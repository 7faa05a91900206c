"""A new pass for a page whose stream has ended."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from xinqiao.cases import access
from xinqiao.desk import listening
from xinqiao.desk.views.door import actor_of, staff


@require_GET
@staff()
def renew(request: HttpRequest) -> HttpResponse:
    """`{"url": …}`: where to listen from now on. `?case=` adds a case that the reader (still) sees, else 404."""
    number = request.GET.get("case", "")
    case = access.get(actor_of(request), number) if number else None
    return JsonResponse({"url": listening.address(request, case)})
