from django.urls import URLPattern, URLResolver

from xinqiao.desk import urls_admin, urls_import, urls_office, urls_work

app_name = "desk"

urlpatterns: list[URLPattern | URLResolver] = [
    *urls_work.urlpatterns,
    *urls_office.urlpatterns,
    *urls_import.urlpatterns,
    *urls_admin.urlpatterns,
]
