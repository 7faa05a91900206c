"""{% kept %}: rendered once for each language, and never with anything of one reader."""

from django.template import Context, Template
from django.utils.translation import override

PAGE = Template(
    '{% load i18n static xq %}{% kept %}{% trans "退出" %}{{ name }}{% icon "done" %}'
    '{% include "ui/parts/mark.html" %}{% static "ui/mark.svg" %}{% endkept %} {{ name }}'
)


def test_each_language_has_its_own_words_and_nobodys_name_gets_in() -> None:
    pages = []
    for language in ("zh-hans", "en", "zh-hans"):
        with override(language):
            pages.append(PAGE.render(Context({"name": "钱大桥"})))
    first, english, again = pages
    assert first == again
    assert "退出" in first
    assert "退出" not in english
    for page in pages:
        assert page.endswith(" 钱大桥")
        assert page.count("钱大桥") == 1
        assert "<svg" in page
