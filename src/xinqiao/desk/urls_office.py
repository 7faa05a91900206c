"""Entry at window and hotline, the way back, notices, posts and hand-over, knowledge, the rehearsal clock."""

from django.urls import URLPattern, path

from xinqiao.desk.views import entry, hooks, knowledge, notices, office

urlpatterns: list[URLPattern] = [
    path("entry/", entry.entry, name="entry"),
    path("entry/<uuid:contact_id>/", entry.entry_form, name="entry-form"),
    path("entry/<uuid:contact_id>/beside/", entry.beside, name="entry-beside"),
    path("entry/<uuid:contact_id>/caller/", entry.caller, name="entry-caller"),
    path("entry/<uuid:contact_id>/receipt/", entry.receipt, name="entry-receipt"),
    path("entry/<uuid:contact_id>/receipt.pdf", entry.receipt_pdf, name="entry-receipt-pdf"),
    path("cases/<str:number>/registration.pdf", entry.registration, name="registration"),
    path("regain/", office.regain, name="regain"),
    path("posts/", office.posts, name="posts"),
    path("posts/handover/", office.handover, name="handover"),
    path("looks/", office.looks, name="looks"),
    path("clock/", office.move_clock, name="clock"),
    path("notices/", notices.notices, name="notices"),
    path("notices/do/", notices.act, name="notices-do"),
    path("hooks/", hooks.subscriptions, name="hooks"),
    path("hooks/end/", hooks.end, name="hooks-end"),
    path("knowledge/", knowledge.knowledge, name="knowledge"),
    path("knowledge/<slug:slug>/", knowledge.entry, name="knowledge-entry"),
    path("help/", knowledge.help_page, name="help"),
]
