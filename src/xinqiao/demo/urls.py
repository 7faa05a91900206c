"""The demonstration's own pages."""

from django.urls import URLPattern, path

from xinqiao.demo import views

app_name = "demo"

urlpatterns: list[URLPattern] = [
    path("", views.start, name="start"),
    path("<slug:key>/", views.tour, name="tour"),
]
