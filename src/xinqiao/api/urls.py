"""Addresses of the interface."""

from django.urls import path

from xinqiao.api.pages import docs, openapi
from xinqiao.api.v1 import api

urlpatterns = [
    path("v1/openapi.json", openapi, name="api-openapi"),
    path("v1/docs", docs, name="api-docs"),
    path("v1/", api.urls),
]
