"""Pages are packed for those who take it; everything else goes out as it is."""

import gzip

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from xinqiao.ui.packing import LEAST, PackingMiddleware, takes_gzip

PAGE = ("<!doctype html>" + "路灯坏了三个星期。" * 400).encode()


def answer(response: HttpResponse, takes: str = "gzip, deflate, br") -> HttpResponse:
    request = RequestFactory().get("/", headers={"Accept-Encoding": takes})

    def inner(_: HttpRequest) -> HttpResponse:
        return response

    return PackingMiddleware(inner)(request)


def test_a_page_is_packed_and_says_so() -> None:
    got = answer(HttpResponse(PAGE))
    assert got["Content-Encoding"] == "gzip"
    assert got["Content-Length"] == str(len(got.content))
    assert "Accept-Encoding" in got["Vary"]
    assert gzip.decompress(got.content) == PAGE
    assert len(got.content) < len(PAGE) / 5


def test_the_length_of_the_same_page_is_not_always_the_same() -> None:
    assert len({len(answer(HttpResponse(PAGE)).content) for _ in range(40)}) > 1


@pytest.mark.parametrize("takes", ["", "br", "gzip;q=0", "deflate, gzip; q=0.0", "x-gzip"])
def test_who_does_not_take_it_gets_it_plain(takes: str) -> None:
    got = answer(HttpResponse(PAGE), takes)
    assert got.content == PAGE
    assert "Content-Encoding" not in got
    assert "Accept-Encoding" in got["Vary"]


def test_gzip_among_others_is_taken() -> None:
    assert takes_gzip("deflate, GZIP;q=0.5")


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(PAGE[: LEAST - 1]),
        HttpResponse(PAGE, content_type="application/pdf"),
        HttpResponse(PAGE, content_type="application/json"),
        HttpResponse(PAGE, headers={"Content-Encoding": "br"}),
        StreamingHttpResponse([PAGE]),
    ],
)
def test_only_whole_pages_are_packed(response: HttpResponse) -> None:
    assert answer(response).get("Content-Encoding") != "gzip"


@pytest.mark.django_db
def test_every_face_packs_its_pages(client: Client) -> None:
    for path in ("/", "/rights/", "/desk/account/login/"):
        page = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert page["Content-Encoding"] == "gzip"
        assert "</html>" in gzip.decompress(page.content).decode()
