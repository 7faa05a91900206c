"""Finding: by words, number, place, organ, content, kind, state and dates; what the actor may not see is not found."""

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from tests.support.world import MORNING, World, days

from xinqiao.cases import finding, jobs, lexemes, sealing, search
from xinqiao.cases.models import Case, SearchRow
from xinqiao.cases.search import Query
from xinqiao.config.postgresql.base import DatabaseWrapper
from xinqiao.intake import services as intake
from xinqiao.kernel.clock import start_of
from xinqiao.ledger import cursor as ledger_cursor
from xinqiao.people import access
from xinqiao.people.actors import CITIZEN, SYSTEM

FINDER = SYSTEM("finder")
LOOK = "SELECT * FROM cases_search('路灯', '{路灯}', '{f}', '2099-01-01', gen_random_uuid(), '2000-01-01', 10, 10)"

NEWEST = "SELECT * FROM cases_search_newest('路灯', '2099-01-01', gen_random_uuid(), '2000-01-01', 10, 10, 10)"


def said(text: str, **more: str) -> intake.Words:
    return intake.Words(text=text, **({"area_code": "330105003"} | more))


def follow() -> None:
    """What the worker does, in the test's own transaction: entries are read whatever transaction wrote them."""
    with access.acting(FINDER):
        finding.index(Case.objects.values_list("id", flat=True))


def put(case: Case, **values: object) -> None:
    with access.acting(FINDER):
        assert Case.objects.filter(pk=case.pk).update(**values) == 1


def numbers(page: search.Page) -> list[str]:
    return [hit.case.number for hit in page.hits]


def look(world: World, login: str, query: Query, **more: object) -> search.Page:
    actor = world.actor(login)
    with access.acting(actor):
        return search.find(actor, query, **more)  # type: ignore[arg-type]


def few_one_by_one(monkeypatch: pytest.MonkeyPatch, patience: int = 1, most: int = 1) -> None:
    monkeypatch.setattr(search, "NEWEST", patience)
    monkeypatch.setattr(search, "NEWEST_MOST", most)


@pytest.fixture(params=[(1, 1), (search.NEWEST, search.NEWEST_MOST)], ids=["by lists", "one by one"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases are found by the lists of the index, and by looking at the newest one by one."""
    few_one_by_one(monkeypatch, *request.param)


def test_a_word_of_two_characters_is_found_and_lit_up(world: World) -> None:
    night = world.receive(said=said("楼下广场舞夜间噪音太大，老人睡不着。")).case
    world.receive(said=said("路灯坏了。"))
    follow()
    page = look(world, "officer", Query(words="噪音"))
    assert numbers(page) == [night.number]
    assert ("噪音", True) in page.hits[0].snippet
    assert "".join(words for words, _ in page.hits[0].snippet).startswith("楼下广场舞")


@pytest.mark.parametrize("word", ["清运", "运车", "垃圾", "门口", "夜间", "垃圾清运", "小区门口", "清运车"])
def test_words_are_found_inside_others(world: World, word: str) -> None:
    case = world.receive(said=said("小区门口垃圾清运车夜间作业。")).case
    follow()
    assert numbers(look(world, "officer", Query(words=word))) == [case.number]


@pytest.mark.usefixtures("both_ways")
def test_all_words_must_be_there(world: World) -> None:
    both = world.receive(said=said("广场舞噪音扰民。")).case
    world.receive(said=said("施工噪音。"))
    follow()
    assert numbers(look(world, "officer", Query(words="噪音 扰民"))) == [both.number]
    assert numbers(look(world, "officer", Query(words="噪音 学区"))) == []


@pytest.mark.parametrize("shape", ["{n}", "{a}-{b}-{c}", "{a} {b} {c}"])
def test_a_number_is_found_however_it_is_written(world: World, shape: str) -> None:
    receipt = world.receive()
    n = receipt.number
    typed = shape.format(n=n, a=n[:4], b=n[4:8], c=n[8:])
    assert numbers(look(world, "officer", Query(number=typed))) == [receipt.case.number]
    assert numbers(look(world, "officer", Query(words=typed))) == [receipt.case.number]
    assert numbers(look(world, "zj.handler", Query(number=typed))) == []


def test_a_slip_in_a_number_is_told(world: World) -> None:
    n = world.receive().number
    wrong = n[:-1] + str((int(n[-1]) + 1) % 10)
    page = look(world, "officer", Query(number=wrong))
    assert page.hits == ()
    assert "编号" in page.note


@pytest.mark.parametrize("typed", ["19900001234", "199 0000 1234", "+86 199-0000-1234", "11010519491231002X"])
def test_nobody_is_looked_up(world: World, typed: str) -> None:
    world.receive(said=said("请打 19900001234 找我，证件 11010519491231002X。"))
    follow()
    for query in (Query(words=typed), Query(number=typed)):
        page = look(world, "officer", query)
        assert page.hits == ()
        assert "来电号码" in page.note


@pytest.mark.parametrize("typed", ["王启怀", "李娜", "陈建华", "噪"])
def test_names_and_single_characters_find_nothing_and_say_so(world: World, typed: str) -> None:
    world.receive(said=said("邻居王启怀半夜唱歌，我叫李娜，住三楼。陈建华局长来过。"))
    follow()
    page = look(world, "officer", Query(words=typed))
    assert page.hits == ()
    assert page.note
    with access.acting(FINDER), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(words::text, ' ') FROM cases_searchrow")
        kept = cursor.fetchone()[0]
    for part in ("王启怀", "启怀", "李娜", "陈建华", "建华", "19900001234"):
        assert part not in kept


@pytest.mark.usefixtures("both_ways")
def test_a_unit_finds_what_it_leads_or_assists_and_nothing_else(world: World) -> None:
    mine = world.receive(said=said("路灯不亮，路面积水。")).case
    put(mine, lead=world.organs["cg"])
    theirs = world.receive(said=said("路灯闪烁。"), at=MORNING + days(1)).case
    put(theirs, lead=world.organs["zj"])
    follow()
    query = Query(words="路灯")
    assert numbers(look(world, "cg.handler", query)) == [mine.number]
    assert numbers(look(world, "zj.head", query)) == [theirs.number]
    assert numbers(look(world, "officer", query)) == [theirs.number, mine.number]
    assert numbers(look(world, "other", query)) == []
    assert numbers(look(world, "arbiter", query)) == []
    with access.acting(FINDER):
        theirs.assists.create(organ=world.organs["cg"], opened_at=MORNING)
    follow()
    assert set(numbers(look(world, "cg.handler", query))) == {mine.number, theirs.number}
    assert set(numbers(look(world, "officer", replace(query, organ_id=world.organs["zj"].pk)))) == {theirs.number}


@pytest.mark.usefixtures("both_ways")
def test_a_row_that_is_behind_shows_nothing_forbidden(world: World) -> None:
    case = world.receive(said=said("路灯不亮。")).case
    put(case, lead=world.organs["cg"])
    follow()
    put(case, lead=world.organs["zj"])
    assert numbers(look(world, "cg.handler", Query(words="路灯"))) == []


@pytest.mark.usefixtures("both_ways")
def test_citizens_search_nothing(world: World) -> None:
    receipt = world.receive()
    follow()
    with access.acting(FINDER), connection.cursor() as cursor:
        for sql in (LOOK, NEWEST):
            cursor.execute(sql)
            assert len(cursor.fetchall()) == 1
    citizen = CITIZEN({receipt.case.id})
    with access.acting(citizen):
        assert search.find(citizen, Query(words="路灯")).hits == ()
        with connection.cursor() as cursor:
            for sql in (LOOK, NEWEST):
                cursor.execute(sql)
                assert cursor.fetchall() == []


@pytest.mark.usefixtures("both_ways")
def test_place_content_kind_dates_and_state_narrow(world: World) -> None:
    first = world.receive(said=said("路灯不亮。")).case
    second = world.receive(said=said("路灯不亮。", area_code="330106"), at=MORNING + days(40)).case
    put(first, content_code="030700", procedure="redress", state="handling")
    put(second, office=world.organs["xf"])
    follow()
    both = [second.number, first.number]
    base = Query(words="路灯")
    assert numbers(look(world, "officer", base)) == both
    for narrow in (
        {"place": "330105"},
        {"place": "小河街道"},
        {"content": "0307"},
        {"content": "030000"},
        {"kind": "redress"},
        {"state": "handling"},
        {"received_to": MORNING.date()},
    ):
        assert numbers(look(world, "officer", replace(base, **narrow))) == [first.number], narrow
        assert numbers(look(world, "officer", Query(**narrow))) == [first.number], narrow
    assert numbers(look(world, "officer", replace(base, received_from=(MORNING + days(1)).date()))) == [second.number]
    assert numbers(look(world, "officer", Query())) == both
    assert numbers(look(world, "officer", Query(place="12", words="路灯"))) == []
    assert numbers(look(world, "officer", Query(place="在"))) == []


@pytest.mark.parametrize("one_by_one", [(1, 1), (2, 5), (300, 2000)])
def test_pages_follow_each_other_over_years_without_gap_or_double(
    world: World, monkeypatch: pytest.MonkeyPatch, one_by_one: tuple[int, int]
) -> None:
    few_one_by_one(monkeypatch, *one_by_one)
    cases = [
        world.receive(said=said("路灯不亮。"), at=MORNING - timedelta(days=n * n * 3, minutes=n)).case.number
        for n in range(14)
    ]
    follow()
    for query in (Query(words="路灯"), Query(), Query(words="路灯", received_from=(MORNING - days(10000)).date())):
        seen: list[str] = []
        after = ""
        while True:
            page = look(world, "officer", query, after=after, limit=4)
            seen += numbers(page)
            after = page.next
            if not after:
                break
            assert len(page.hits) == 4
        assert seen == cases
    for wrong in ("gestern", f"2026-09-01T00:00:00_{UUID(int=1)}", f"9999-12-31T00:00:00+00:00_{UUID(int=1)}"):
        with pytest.raises(ValueError):
            look(world, "officer", Query(words="路灯"), after=wrong)
    far = look(world, "officer", Query(words="路灯"), after=f"2099-01-01T00:00:00+20:00_{UUID(int=1)}")
    assert numbers(far) == cases


@pytest.mark.parametrize("one_by_one", [(1, 1), (2, 4), (3, 3), (3, 30), (300, 2000)])
def test_what_is_looked_at_one_by_one_and_what_the_index_gives_are_one_list(
    world: World, monkeypatch: pytest.MonkeyPatch, one_by_one: tuple[int, int]
) -> None:
    few_one_by_one(monkeypatch, *one_by_one)
    common, rare = [], []
    for n in range(12):
        is_rare = n in (1, 7, 11)
        words = "石桥塌了，路灯不亮。" if is_rare else "路灯不亮。"
        case = world.receive(said=said(words), at=MORNING - timedelta(days=n // 5)).case  # five at one moment
        common.append(case)
        if is_rare:
            rare.append(case)
    follow()
    for cases in (common, rare):
        cases.sort(key=lambda case: (case.received_at, case.id), reverse=True)
    for query, expected in (
        (Query(words="路灯"), common),
        (Query(words="石桥"), rare),
        (Query(words="路灯", received_to=(MORNING - days(1)).date()), common[5:]),
        (Query(words="路灯", received_from=(MORNING - days(1)).date()), common[:10]),
        (Query(words="路灯", received_from=(MORNING + days(2)).date()), []),
        (Query(words="垃圾"), []),
        (Query(), common),
    ):
        for actor, limit in itertools.product((world.actor("officer"), FINDER), (1, 3, 50)):
            seen: list[str] = []
            after = ""
            while True:
                with access.acting(actor):
                    page = search.find(actor, query, after=after, limit=limit)
                seen += numbers(page)
                after = page.next
                if not after:
                    break
            assert seen == [case.number for case in expected], (query, actor, limit)


def test_a_common_word_on_a_full_day_is_found_without_its_lists(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    few_one_by_one(monkeypatch, 4, 40)
    cases = [
        world.receive(said=said("路灯不亮。" if n % 2 else "井盖松了。"), at=MORNING - timedelta(minutes=n)).case.number
        for n in range(24)
    ]
    rare = world.receive(said=said("石桥塌了。"), at=MORNING - timedelta(minutes=30)).case.number
    follow()
    lists: list[object] = []
    ask = search._ask
    monkeypatch.setattr(search, "_ask", lambda *asked: lists.append(asked) or ask(*asked))
    assert numbers(look(world, "officer", Query(words="路灯"), limit=2)) == cases[1:4:2]
    assert lists == []
    assert numbers(look(world, "officer", Query(words="石桥"), limit=2)) == [rare]
    assert lists


@pytest.mark.parametrize(
    ("enough", "patience", "most", "given"),
    [
        (2, 9, 9, [True, True, False]),  # enough
        (9, 1, 2, [True, False]),  # too seldom for a page of it to be among the most
        (9, 9, 2, [True, True, False]),  # the most
        (9, 9, 9, [True, True, True]),  # all there are
    ],
)
def test_the_newest_are_looked_at_no_further_than_needed(
    world: World, enough: int, patience: int, most: int, given: list[bool]
) -> None:
    for n in range(3):
        world.receive(said=said("路灯不亮。"), at=MORNING - timedelta(minutes=n))
    follow()
    with access.acting(FINDER), connection.cursor() as cursor:
        cursor.execute(
            "SELECT fits FROM cases_search_newest('路灯', 'infinity', gen_random_uuid(), '-infinity', %s, %s, %s)",
            [enough, patience, most],
        )
        assert [row[0] for row in cursor.fetchall()] == given


def test_a_full_stretch_is_halved_and_a_full_day_is_read_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    few_one_by_one(monkeypatch)
    monkeypatch.setattr(search, "MOST_AT_ONCE", 3)
    times = [MORNING - timedelta(minutes=n) for n in range(8)]  # one full day
    times += [MORNING - timedelta(days=60 + n, minutes=n) for n in range(9)]  # two full months
    times += [MORNING - timedelta(days=800 + 40 * n) for n in range(9)]  # full years
    cases = [world.receive(said=said("路灯不亮。"), at=at).case.number for at in times]
    follow()
    assert numbers(look(world, "officer", Query(words="路灯"), limit=30)) == cases


@pytest.mark.parametrize("newest", ["2026-09-18", "2026-01-31", "2026-01-15", "2024-02-29", "2020-01-01"])
@pytest.mark.parametrize("oldest", ["2026-09-18", "2026-01-01", "2025-12-31", "2024-02-29", "2020-01-01", "2015-06-30"])
def test_stretches_hold_each_day_once_the_newest_first_and_so_do_their_halves(newest: str, oldest: str) -> None:
    last, first = date.fromisoformat(newest), date.fromisoformat(oldest)

    def days_in(stretch: search._Stretch) -> list[date]:
        halves = stretch.halves()
        return [day for half in halves for day in days_in(half)] if halves else list(stretch.days)

    stretches = search._stretches(start_of(last), start_of(first))
    found = [day for stretch in stretches for day in days_in(stretch)]
    if first <= last:
        assert found[: (last - first).days + 1] == [last - timedelta(days=n) for n in range((last - first).days + 1)]
        assert len(found) == len(set(found))
        assert len(stretches) < 16
    else:
        assert found == []


@pytest.mark.usefixtures("both_ways")
def test_looking_stops_after_enough_and_goes_on_when_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_EXAMINED", 3)
    for n in range(8):
        world.receive(said=said("路灯不亮。"), at=MORNING - days(n))
    old = world.receive(said=said("路灯不亮。"), at=MORNING - days(20)).case
    put(old, state="handling")
    follow()
    query, after, rounds = Query(words="路灯", state="handling"), "", 0
    found: list[str] = []
    while True:
        page = look(world, "officer", query, after=after)
        found += numbers(page)
        after, rounds = page.next, rounds + 1
        if not after:
            break
    assert found == [old.number]
    assert rounds >= 2


@pytest.mark.usefixtures("both_ways")
def test_a_state_costs_two_looks_at_cases_a_page_and_words_alone_are_not_cut_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_EXAMINED", 4)
    cases = [world.receive(said=said("路灯不亮。"), at=MORNING - timedelta(minutes=n)).case for n in range(9)]
    follow()
    looked: list[int] = []
    visible = search._visible
    monkeypatch.setattr(
        search, "_visible", lambda actor, query, ids: looked.append(len(ids)) or visible(actor, query, ids)
    )
    page = look(world, "officer", Query(words="路灯", state="no-such-state"))
    assert (page.hits, looked) == ((), [2, 2])
    assert page.next
    assert numbers(look(world, "officer", Query(words="路灯"))) == [case.number for case in cases]
    assert search.MOST_UNSEEN >= 2000


@pytest.mark.usefixtures("both_ways")
def test_a_sealed_case_is_not_in_the_index_and_leaves_it_in_the_sealing_transaction(world: World) -> None:
    quiet = world.receive(
        said=said("举报城管队员收钱。"), who=intake.Who(reporter="anonymous", about_official=True)
    ).case
    later = world.receive(said=said("城管队员态度恶劣。")).case
    follow()
    with access.acting(FINDER):
        assert set(SearchRow.objects.values_list("case_id", flat=True)) == {later.id}
    keeper = world.actor("keeper")
    with access.acting(keeper):
        sealing.seal(Case.objects.get(pk=later.pk), actor=keeper, at=MORNING)
        assert not SearchRow.objects.exists()
    with access.acting(FINDER):
        assert finding.index([quiet.id, later.id]) == 0
    for login in ("officer", "keeper", "cg.head"):
        assert numbers(look(world, login, Query(words="城管"))) == []
        assert numbers(look(world, login, Query())) == []


def test_many_are_written_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "AT_ONCE", 2)
    cases = [world.receive().case for _ in range(5)]
    with access.acting(FINDER):
        assert finding.index([case.id for case in cases]) == 5
        assert set(SearchRow.objects.values_list("case_id", flat=True)) == {case.id for case in cases}


def test_indexing_again_writes_nothing(world: World) -> None:
    case = world.receive().case
    with access.acting(FINDER):
        assert finding.index([case.id]) == 1
        assert finding.index([case.id]) == 0


def test_what_the_petitioner_adds_is_found(world: World) -> None:
    case = world.receive(said=said("路灯不亮。")).case
    follow()
    assert numbers(look(world, "officer", Query(words="电线"))) == []
    world.step(case, "add_material", "petitioner", at=MORNING + days(1), words="电线也露在外面。")
    follow()
    assert numbers(look(world, "officer", Query(words="电线"))) == [case.number]


def test_rows_from_before_the_years_had_marks_get_them(world: World, as_role: Callable[[str], Any]) -> None:
    marks = import_module("xinqiao.cases.migrations.0012_years").Migration.operations[0]
    for at in (MORNING, datetime(2024, 12, 31, 16, 30, tzinfo=UTC)):  # the second is new year's day in Shanghai
        world.receive(said=said("路灯不亮。"), at=at)
    follow()

    def rows() -> list[Any]:
        cursor.execute("SELECT case_id, words::text FROM cases_searchrow ORDER BY 1")
        found: list[Any] = cursor.fetchall()
        return found

    with as_role("owner"), connection.cursor() as cursor:
        written = rows()
        assert [("'@y2025'" in words, "'@y2026'" in words) for _, words in written] in (
            [(True, False), (False, True)],
            [(False, True), (True, False)],
        )
        cursor.execute(marks.reverse_sql)
        assert "@y" not in str(rows())
        cursor.execute(marks.sql)
        assert rows() == written


def test_no_actor_no_rows(world: World) -> None:
    world.receive()
    follow()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('xinqiao.actor', '', true)")
        for sql in (
            "SELECT 1 FROM cases_searchrow",
            LOOK,
            NEWEST,
            "SELECT 1 FROM cases_search_span() WHERE newest IS NOT NULL",
        ):
            cursor.execute(sql)
            assert cursor.fetchall() == [], sql


def test_a_step_that_changes_nothing_to_find_reads_no_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = world.receive().case
    follow()
    world.step(case, "note", "officer", at=MORNING + days(1), text="看过了")
    monkeypatch.setattr(finding, "texts_of", lambda cases: pytest.fail("words were read"))
    with access.acting(FINDER):
        assert finding.index([case.id]) == 0
    monkeypatch.undo()
    with access.acting(FINDER):
        assert finding.index([case.id], anew=True) == 1


def test_the_worker_gives_each_batch_of_the_ledger_to_the_index(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [world.receive().case for _ in range(3)]
    batches = [[cases[0].id, cases[1].id, cases[0].id], [cases[2].id], []]

    def read(name: str, react: Callable[[list[Any]], None], limit: int) -> int:
        case_ids = batches.pop(0)
        assert name == finding.READER
        react(case_ids)
        return len(case_ids)

    monkeypatch.setattr(ledger_cursor, "follow_cases", read)
    jobs.bring_into_search.func(0)
    assert batches == []
    with access.acting(FINDER):
        assert set(SearchRow.objects.values_list("case_id", flat=True)) == {case.id for case in cases}


def test_the_index_waits_while_a_table_is_taken_in_and_goes_on_afterwards(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(finding, "follow", lambda: asked.append(1) or 0)
    other = DatabaseWrapper(connection.settings_dict)  # a table comes in on a connection of its own
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock_shared(hashtextextended(%s, 0))", [finding._RESTING])
            jobs.bring_into_search.func(0)
            assert asked == []
            cursor.execute("SELECT pg_advisory_unlock_shared(hashtextextended(%s, 0))", [finding._RESTING])
            jobs.bring_into_search.func(0)
            assert asked == [1]
    finally:
        other.close()


def test_resting_ends_with_the_block_whatever_happens_in_it(world: World) -> None:
    other = DatabaseWrapper(connection.settings_dict)
    free = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
    try:
        with other.cursor() as cursor:
            with suppress(LookupError), finding.resting():
                cursor.execute(free, [finding._RESTING])
                assert cursor.fetchone() == (False,)
                raise LookupError
            cursor.execute(free, [finding._RESTING])
            assert cursor.fetchone() == (True,)
    finally:
        other.close()


@pytest.mark.parametrize(
    ("text", "kept", "gone"),
    [
        ("林业局局长说过", {"林业局", "局长"}, set()),
        ("张伟局长来过", {"局长"}, {"张伟"}),
        ("高峰时段文明施工", {"高峰", "文明"}, set()),
        ("住在马王堆街道", {"街道"}, set()),
        ("联系人：刘诚，电话 0571-8812 3456", {"电话"}, {"刘诚", "8812", "0571"}),
        ("身份证11010519491231002X", {"身份", "身份证"}, {"11010519491231002x"}),
        ("浙A12345停在路口", {"路口"}, {"a12345"}),
        ("发到 ab.c@example.com 吧", set(), {"example", "ab"}),
        ("3号楼B座12层", {"b", "12", "3"}, set()),
        ("打一三八一二三四五六七八", set(), {"三八", "一三"}),
    ],
)
def test_what_the_index_keeps_of_a_text(text: str, kept: set[str], gone: set[str]) -> None:
    found = lexemes.lexemes_of([text])
    assert kept <= found
    assert not gone & found


def test_a_piece_of_text_hides_long_numbers_and_is_short() -> None:
    parts = lexemes.snippet(["噪音" + "很大" * 100 + "，电话13812345678，夜里也有噪音"], ["夜里"])
    shown = "".join(words for words, _ in parts)
    assert "13812345678" not in shown
    assert ("夜里", True) in parts
    assert len(shown) < 120
    assert lexemes.snippet([], ["夜里"]) == lexemes.snippet([" "], ["夜里"]) == ()
    assert lexemes.snippet(["路灯"], []) == (("路灯", False),)
