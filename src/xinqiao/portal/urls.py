"""Addresses of the portal. Nothing personal stands in them but the public number, which opens nothing by itself."""

from django.urls import path, re_path

from xinqiao.portal.views import front, matter, pages, say, track

app_name = "portal"

NUMBER = r"(?P<number>\d{12}(?:-\d{1,2})?)"

urlpatterns = [
    path("", front.front, name="front"),
    path("how-long/", front.how_long, name="how-long"),
    path("say/", say.say, name="say"),
    path("receipt/", say.receipt, name="receipt"),
    path("receipt/pdf/", say.receipt_pdf, name="receipt-pdf"),
    path("track/", track.track, name="track"),
    path("track/phone/", track.phone, name="track-phone"),
    path("track/leave/", track.leave, name="leave"),
    path("my/", track.mine, name="mine"),
    re_path(rf"^my/{NUMBER}/$", matter.matter, name="matter"),
    re_path(rf"^my/{NUMBER}/do/(?P<step>[a-z_]+)/$", matter.do, name="do"),
    re_path(rf"^my/{NUMBER}/proof/$", matter.proof, name="proof"),
    re_path(rf"^my/{NUMBER}/files/(?P<blob_id>[0-9a-f-]{{36}})/$", matter.attachment, name="attachment"),
    path("papers/<uuid:document_id>/", matter.paper, name="paper"),
    path("knowledge/", pages.knowledge, name="knowledge"),
    path("knowledge/<slug:slug>/", pages.knowledge_entry, name="knowledge-entry"),
    path("how/", pages.how, name="how"),
    path("lost/", pages.lost, name="lost"),
    path("rights/", pages.rights, name="rights"),
]
