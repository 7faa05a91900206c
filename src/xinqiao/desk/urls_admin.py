"""Administration of the instance."""

from django.urls import URLPattern, path

from xinqiao.desk.views.admin import accounts, areas, books, competences, knowledge, organs

urlpatterns: list[URLPattern] = [
    path("admin/", books.index, name="admin"),
    path("admin/areas/", areas.areas, name="admin-areas"),
    path("admin/areas/new/", areas.area_new, name="admin-area-new"),
    path("admin/areas/<slug:code>/", areas.area, name="admin-area"),
    path("admin/organs/", organs.organs, name="admin-organs"),
    path("admin/organs/new/", organs.organ_new, name="admin-organ-new"),
    path("admin/organs/<int:organ_id>/", organs.organ, name="admin-organ"),
    path("admin/organs/<int:organ_id>/abolish/", organs.abolish, name="admin-abolish"),
    path("admin/competences/", competences.listing, name="admin-competences"),
    path("admin/competences/new/", competences.new, name="admin-competence-new"),
    path("admin/competences/import/", competences.bring, name="admin-competences-import"),
    path("admin/competences.<slug:form>", competences.export, name="admin-competences-export"),
    path("admin/competences/<int:competence_id>/", competences.one, name="admin-competence"),
    path("admin/reviewers/", organs.reviewers, name="admin-reviewers"),
    path("admin/reviewers/new/", organs.reviewer_new, name="admin-reviewer-new"),
    path("admin/reviewers/<int:reviewing_id>/", organs.reviewer, name="admin-reviewer"),
    path("admin/accounts/", accounts.accounts, name="admin-accounts"),
    path("admin/accounts/new/", accounts.account_new, name="admin-account-new"),
    path("admin/accounts/<int:account_id>/", accounts.account, name="admin-account"),
    path("admin/posts/<int:post_id>/", accounts.post_end, name="admin-post"),
    path("admin/calendars/", books.calendar, name="admin-calendars"),
    path("admin/knowledge/", knowledge.listing, name="admin-knowledge"),
    path("admin/knowledge/new/", knowledge.new, name="admin-knowledge-new"),
    path("admin/knowledge/<int:entry_id>/", knowledge.one, name="admin-knowledge-entry"),
    path("admin/texts/", books.messages, name="admin-texts"),
    path("admin/texts/<slug:book>/<slug:text>/", books.message, name="admin-text"),
    path("admin/record/", books.record, name="admin-record"),
]
