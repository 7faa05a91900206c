"""Tables that other systems export: uploaded, mapped, tried, taken in."""

from django.urls import URLPattern, path

from xinqiao.desk.views import importing

urlpatterns: list[URLPattern] = [
    path("import/", importing.imports, name="imports"),
    path("import/<uuid:sheet_id>/", importing.sheet, name="import"),
    path("import/<uuid:sheet_id>/standing/", importing.standing, name="import-standing"),
    path("import/<uuid:sheet_id>/rejects.csv", importing.rejects, name="import-rejects"),
]
