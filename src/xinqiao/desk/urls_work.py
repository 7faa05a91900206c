"""Worklist, case file, steps, papers."""

from django.urls import URLPattern, path

from xinqiao.desk.views import case, export, live, papers, search, worklist

urlpatterns: list[URLPattern] = [
    path("", worklist.worklist, name="worklist"),
    path("bulk/", worklist.bulk, name="bulk"),
    path("search/", search.search, name="search"),
    path("search/save/", search.save, name="search-save"),
    path("search/<int:search_id>/forget/", search.forget, name="search-forget"),
    path("export/", export.export, name="export"),
    path("live/", live.renew, name="live"),
    path("cases/<str:number>/", case.case_page, name="case"),
    path("cases/<str:number>/peek/", case.peek, name="peek"),
    path("cases/<str:number>/do/<slug:step>/", case.do, name="do"),
    path("cases/<str:number>/reveal/", case.reveal, name="reveal"),
    path("cases/<str:number>/papers/<uuid:document_id>.<slug:form>", papers.paper, name="paper"),
    path("cases/<str:number>/files/<uuid:blob_id>/", papers.file, name="file"),
]
