"""Administration: what an administrator keeps, page by page; nobody else finds any of it; nothing of a petitioner shows."""

import io
import re
import zipfile
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from tests.support.world import LONG_AGO, MORNING, World, days

from xinqiao.cases import succession
from xinqiao.cases.models import Abolition
from xinqiao.desk import sheets
from xinqiao.desk.tests.road import at_most, bring, fresh, moving, new_case, signed_in
from xinqiao.desk.views.admin.columns import COLUMNS, TABLES
from xinqiao.intake.sheets.reading import open_sheet
from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.errors import NotFound
from xinqiao.notices.models import Wording
from xinqiao.people import access, competences, tokens
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import Account, AdminEntry, Area, Competence, Organ, Post, ReviewingBody
from xinqiao.triage import services
from xinqiao.triage.models import ContentClass, KnowledgeEntry
from xinqiao.triage.services import knowledge_store

pytestmark = pytest.mark.django_db
BASE = "/desk/admin/"
BUDGET = 14


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch, MORNING + days(1))


@pytest.fixture
def admin(world: World) -> Client:
    account = Account.objects.create(username="admin", name="管理员")
    world.posts["admin"] = Post.objects.create(
        account=account, organ=world.organs["xf"], role="admin", title="管理员", valid_from=LONG_AGO
    )
    return signed_in(world, "admin")


def words(client: Client, path: str) -> str:
    answer = client.get(BASE + path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


def send(client: Client, path: str, do: str, **given: Any) -> Any:
    return client.post(BASE + path, {"do": do, **{f"{do}-{name}": value for name, value in given.items()}})


def wrong(answer: Any, *fields: str) -> None:
    assert answer.status_code == 422
    form = next(one["form"] for one in answer.context["forms"] if one["form"].errors)
    assert set(fields) <= set(form.errors), form.errors


def test_the_index_leads_everywhere(admin: Client) -> None:
    page = words(admin, "")
    for path in re.findall(r'<li><a href="(/desk/[^"]+)"', page):
        assert admin.get(path).status_code == 200, path
    assert 'href="/desk/admin/"' in admin.get("/desk/").content.decode()


@pytest.mark.parametrize(
    "path",
    ["areas/", "organs/", "competences/", "reviewers/", "accounts/", "knowledge/", "texts/", "record/", "calendars/"],
)
def test_lists_ask_little_and_count_nothing(admin: Client, world: World, path: str) -> None:
    for n in range(70):
        Organ.objects.create(code=f"o{n}", name=f"单位{n}", short_name=f"单{n}", kind="department", area_code="330105",
                             level="district", valid_from=LONG_AGO)  # fmt: skip
        Account.objects.create(username=f"u{n}", name=f"某{n}")
    rows = list(Organ.objects.order_by("pk"))
    Competence.objects.bulk_create(
        [
            Competence(organ=organ, content_code="01", area_code="", role="lead", source="x", valid_from=LONG_AGO)
            for organ in rows
        ]
    )
    ReviewingBody.objects.bulk_create(
        [
            ReviewingBody(organ=organ, reviewer=world.organs["qu"], source="x", valid_from=LONG_AGO)
            for organ in rows
            if organ.code != "qu"
        ]
    )
    for n in range(70):
        knowledge_store(slug=f"s{n}", question=f"问{n}？", answer="答。", valid_from=LONG_AGO, organ_id=rows[n].pk,
                        area_code="330105003", content_code="030800", actor=SYSTEM("test"), at=MORNING)  # fmt: skip
    Area.objects.bulk_create(
        [
            Area(
                code=f"33010{n:04d}",
                name=f"街{n}",
                full_name=f"街{n}",
                stem=f"街{n}",
                level="street",
                valid_from=LONG_AGO,
            )
            for n in range(1000, 1070)
        ]
    )
    with at_most(BUDGET):
        answer = admin.get(BASE + path)
    assert "COUNT(" not in str(connection.queries)
    seen, turned = set(), 0
    while True:
        table = answer.context["tables"][0]
        ids = {str(row) for row in table["rows"]}
        assert not ids & seen
        seen |= ids
        if not table.get("more"):
            break
        turned += 1
        answer = admin.get(BASE + path + table["more"])
    assert turned >= (path not in {"texts/", "calendars/"})


def test_an_area_is_made_renamed_and_closed(admin: Client) -> None:
    made = send(admin, "areas/new/?in=330105", "add", name="湖墅街道", code="330105009", level="street",
                parent_code="330105", valid_from="2026-09-02")  # fmt: skip
    assert made.status_code == 302
    assert "湖墅街道" in words(admin, "areas/?in=330105")
    assert "湖墅街道" in words(admin, "areas/?q=湖墅")
    wrong(send(admin, "areas/new/", "add", name="", code="x", level="", valid_from="spring"), "valid_from")
    assert send(admin, "areas/330105009/", "rename", name="大运河街道", valid_from="2026-10-01").status_code == 302
    page = words(admin, "areas/330105009/")
    assert "湖墅街道" in page
    assert "大运河街道" in page
    wrong(send(admin, "areas/330105/", "close", valid_to="2026-10-01"), "__all__")
    assert send(admin, "areas/330105003/", "close", valid_to="2026-10-01").status_code == 302
    assert admin.get(BASE + "areas/999/").status_code == 404


def test_an_organ_is_made_and_renamed(admin: Client, world: World) -> None:
    given = {"name": "拱墅区公路中心", "short_name": "公路", "kind": "department", "level": "district", "area_code": "330105",
             "superior": world.organs["qu"].pk}  # fmt: skip
    assert send(admin, "organs/new/", "add", code="gl", valid_from="2026-09-01", **given).status_code == 302
    organ = Organ.objects.get(code="gl")
    wrong(send(admin, f"organs/{organ.pk}/", "change", **given | {"name": ""}), "name")
    assert send(admin, f"organs/{organ.pk}/", "change", **given | {"name": "拱墅区公路局"}).status_code == 302
    page = words(admin, f"record/?table=people_organ&key={organ.pk}")
    assert "拱墅区公路中心" in page
    assert "拱墅区公路局" in page
    assert "管理员" in page
    assert admin.get(BASE + "organs/0/").status_code == 404
    assert "拱墅区公路局" in words(admin, "organs/?q=公路&gone=1")


def test_an_organ_is_abolished_after_a_look_at_who_takes_what(admin: Client, world: World) -> None:
    case = bring(world, new_case(world), "accepted")
    cg, zj = world.organs["cg"], world.organs["zj"]
    path = f"organs/{cg.pk}/abolish/"
    wrong(send(admin, path, "abolish", source="拱编 1 号", rest="", heirs=[], key="k"), "rest")
    given = {"source": "拱编 1 号", "rest": zj.pk, "heirs": [world.organs["jd"].pk], "key": "k", "on": "2026-09-02"}
    seen = send(admin, path, "abolish", **given)
    assert seen.status_code == 200
    page = seen.content.decode()
    assert "拱墅区住房和城乡建设局" in page
    assert case.title not in page
    assert "钱大桥" not in page
    assert not Abolition.objects.exists()
    form = {f"abolish-{name}": value for name, value in given.items()}
    hidden = dict(re.findall(r'<input type="hidden" name="(abolish-[a-z]+)" value="([^"]*)"', page))
    assert hidden.keys() == form.keys()
    done = admin.post(BASE + path, {"do": "abolish", "sure": "yes", **form})
    assert done.status_code == 302
    assert succession.follow(at=MORNING + days(1)) == 1
    assert fresh(case).lead == zj
    assert "正在交接" in words(admin, f"organs/{cg.pk}/")
    Abolition.objects.update(troubled=True)
    assert "每分钟再试" in words(admin, f"organs/{cg.pk}/")
    assert admin.get(BASE + path).status_code == 200


LAMP = {"question": "路灯坏了找谁修？", "answer": "打 12345，一天内有人来修。", "keywords": "照明 灯杆", "basis": "",
        "content_code": "030800", "area_code": "330105003", "public": "on"}  # fmt: skip


@pytest.fixture
def classes() -> None:
    ContentClass.objects.create(code="030800", name="照明")


def test_a_knowledge_entry_is_written_put_right_and_ended(admin: Client, world: World, classes: None) -> None:
    new = "knowledge/new/"
    given = {**LAMP, "slug": "lamp", "organ": world.organs["cg"].pk, "valid_from": "2026-09-02"}
    assert send(admin, new, "add", **given).status_code == 302
    entry = KnowledgeEntry.objects.get(slug="lamp")
    path = f"knowledge/{entry.pk}/"
    assert "路灯坏了找谁修" in words(admin, "knowledge/?q=路灯&content=030800")
    clerk, visitor = signed_in(world, "window"), Client()
    assert "路灯坏了找谁修" in clerk.get("/desk/knowledge/?q=照明").content.decode()
    assert visitor.get("/knowledge/lamp/").status_code == 200
    changed = LAMP | {"answer": "打 12345，两小时内有人来修。", "keywords": "黑灯"}
    assert send(admin, path, "change", **changed).status_code == 302
    assert "两小时内" in visitor.get("/knowledge/lamp/").content.decode()
    assert "路灯坏了找谁修" in clerk.get("/desk/knowledge/?q=黑灯").content.decode()
    assert "路灯坏了找谁修" not in clerk.get("/desk/knowledge/?q=灯杆").content.decode()
    page = words(admin, f"record/?table=triage_knowledgeentry&key={entry.pk}")
    for told in ("一天内有人来修", "两小时内有人来修", "管理员"):
        assert told in page
    assert send(admin, path, "end", valid_to="2026-09-02").status_code == 422  # not before it begins
    KnowledgeEntry.objects.filter(pk=entry.pk).update(valid_from="2026-08-01")
    assert send(admin, path, "end", valid_to="2026-09-02").status_code == 302
    assert visitor.get("/knowledge/lamp/").status_code == 404
    assert "路灯坏了" not in clerk.get("/desk/knowledge/?q=照明").content.decode()
    assert "路灯坏了" not in words(admin, "knowledge/")
    assert "已停用" in words(admin, "knowledge/?state=ended")
    assert send(admin, path, "end", valid_to="").status_code == 302
    assert visitor.get("/knowledge/lamp/").status_code == 200


def test_an_entry_without_a_name_gets_one_and_an_inner_one_stays_inside(
    admin: Client, world: World, classes: None
) -> None:
    given = {name: value for name, value in LAMP.items() if name != "public"}
    assert send(admin, "knowledge/new/", "add", **given, valid_from="2026-09-01").status_code == 302
    entry = KnowledgeEntry.objects.get()
    assert re.fullmatch(r"k-[0-9a-f]{12}", entry.slug)
    assert Client().get(f"/knowledge/{entry.slug}/").status_code == 404
    assert signed_in(world, "window").get(f"/desk/knowledge/{entry.slug}/").status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"question": " "}, "question"),
        ({"question": "问" * 201}, "question"),
        ({"answer": ""}, "answer"),
        ({"area_code": "999999"}, "area_code"),
        ({"slug": "有空格 的"}, "slug"),
        ({"slug": "taken"}, "slug"),
        ({"valid_from": ""}, "valid_from"),
        ({"organ": "0"}, "organ"),
        ({"content_code": "990000"}, "content_code"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_at_its_field(
    admin: Client, classes: None, changes: dict[str, Any], field: str
) -> None:
    knowledge_store(slug="taken", question="问？", answer="答。", valid_from=LONG_AGO, actor=SYSTEM("t"), at=MORNING)
    answer = send(admin, "knowledge/new/", "add", **LAMP | {"slug": "lamp", "valid_from": "2026-09-02"} | changes)
    wrong(answer, field)
    assert LAMP["basis"] in answer.content.decode()
    assert KnowledgeEntry.objects.count() == 1


def test_an_entry_that_is_not_there_is_not_there(admin: Client) -> None:
    assert admin.get(BASE + "knowledge/0/").status_code == 404


def test_nobody_but_an_administrator_writes_entries(world: World) -> None:
    with pytest.raises(NotFound):
        services.knowledge_end(entry_id=1, valid_to=None, actor=world.actor("officer"), at=MORNING)


def test_an_abolition_is_prepared_for_a_later_day_listed_and_called_off(admin: Client, world: World) -> None:
    cg, zj = world.organs["cg"], world.organs["zj"]
    path = f"organs/{cg.pk}/abolish/"
    given = {"source": "拱编 1 号", "rest": zj.pk, "heirs": [], "key": "k", "on": "2026-10-01"}
    page = send(admin, path, "abolish", **given).content.decode()
    assert "10 月 1 日" in page
    assert "会再检查一遍" in page
    form = {f"abolish-{name}": value for name, value in given.items()}
    done = admin.post(BASE + path, {"do": "abolish", "sure": "yes", **form}, follow=True)
    assert "已排定" in done.content.decode()
    assert "排定在" in words(admin, f"organs/{cg.pk}/")
    assert "排定的撤销" in words(admin, "organs/")
    Abolition.objects.update(troubled=True, trouble="请选现在设立的、别的单位。")
    assert "请选现在设立的、别的单位。" in words(admin, path)
    assert "到日子没有办成" in words(admin, "organs/")
    assert send(admin, path, "call-off").status_code == 302
    assert "排定的撤销" not in words(admin, "organs/")
    assert 'name="abolish-source"' in words(admin, path)
    past = {**form, "abolish-on": "2026-01-01", "abolish-key": "k2"}
    wrong(admin.post(BASE + path, {"do": "abolish", "sure": "yes", **past}), "on")


def test_competences_line_by_line(admin: Client, world: World) -> None:
    given = {"content_code": "", "area_code": "330105", "organ": world.organs["cg"].pk, "role": "lead", "source": "三定",
             "valid_from": "2026-01-01"}  # fmt: skip
    assert send(admin, "competences/new/", "add", **given).status_code == 302
    wrong(send(admin, "competences/new/", "add", **given | {"source": "", "organ": ""}), "source", "organ")
    row = Competence.objects.get()
    assert send(admin, f"competences/{row.pk}/", "change", source="新三定", valid_to="2026-12-31").status_code == 302
    wrong(send(admin, f"competences/{row.pk}/", "change", source="新三定", valid_to="2025-12-31"), "valid_to")
    page = words(admin, f"competences/?organ={world.organs['cg'].pk}&content=03")
    assert "还没有" in page
    assert "新三定" in words(admin, "competences/")
    assert admin.get(BASE + "competences/0/").status_code == 404


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_table_goes_out_and_comes_in_again(admin: Client, world: World, form: str) -> None:
    Competence.objects.create(organ=world.organs["cg"], content_code="0308", area_code="330105", role="lead",
                              source="=cmd|' /C calc'!A1", valid_from=LONG_AGO)  # fmt: skip
    answer = admin.get(f"{BASE}competences.{form}")
    data = b"".join(answer.streaming_content)
    sheet = open_sheet(io.BytesIO(data))
    (row,) = list(sheet.rows())
    assert sheet.headings == competences.COLUMNS
    assert str(row.cells[5]).startswith("=")  # read as it was written
    lies = data if form == "csv" else zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    assert b"'=cmd" in lies or b"&#x27;=cmd" in lies or b"&#39;=cmd" in lies  # and lies in the file without effect
    file = SimpleUploadedFile(f"t.{form}", data)
    tried = send(admin, "competences/import/", "import", file=file)
    assert tried.status_code == 200
    assert dict(tried.context["facts"])["和现在一样"] == 1
    assert admin.get(f"{BASE}competences.pdf").status_code == 404


def test_a_file_is_tried_first_and_its_errors_are_named(admin: Client, world: World) -> None:
    head = ",".join(competences.COLUMNS)
    good = f"{head}\ncg,,0308,330105,主办,三定,2026-01-01,\nzj,,0309,,主办,三定,2026-01-01,\n"
    bad = good + "zz,,0309,,主办,三定,2026-01-01,\ncg,,9,,主办,三定,2026-01-01,\n"
    tried = send(admin, "competences/import/", "import", file=SimpleUploadedFile("t.csv", bad.encode()))
    assert tried.status_code == 422
    found = [[cell["text"] for cell in row][:2] for row in tried.context["tables"][0]["rows"]]
    assert found == [[4, "organ_code"], [5, "content_code"]]
    assert not Competence.objects.exists()
    tried = send(admin, "competences/import/", "import", file=SimpleUploadedFile("t.csv", good.encode("gb18030")))
    assert dict(tried.context["facts"])["会新增"] == 2
    assert not Competence.objects.exists()
    kept = tried.context["forms"][0]["form"].initial["kept"]
    assert send(admin, "competences/import/", "import", kept=kept).status_code == 302
    assert Competence.objects.count() == 2
    wrong(send(admin, "competences/import/", "import"), "file")
    wrong(send(admin, "competences/import/", "import", file=SimpleUploadedFile("t.csv", b"\x89PNG\r\n")), "file")
    wrong(send(admin, "competences/import/", "import", file=SimpleUploadedFile("t.csv", b"a,b\n1,2\n")), "file")


def test_reviewing_bodies(admin: Client, world: World) -> None:
    given = {"organ": world.organs["cg"].pk, "content_code": "", "reviewer": world.organs["qu"].pk, "source": "条例",
             "valid_from": "2026-01-01"}  # fmt: skip
    assert send(admin, "reviewers/new/", "add", **given).status_code == 302
    wrong(send(admin, "reviewers/new/", "add", **given | {"reviewer": given["organ"]}), "reviewer")
    row = ReviewingBody.objects.get()
    assert "拱墅区人民政府" in words(admin, f"reviewers/{row.pk}/")
    assert send(admin, f"reviewers/{row.pk}/", "end", valid_to="2026-12-01").status_code == 302
    assert "2026-12-01" in words(admin, "reviewers/")
    assert admin.get(BASE + "reviewers/0/").status_code == 404


def test_somebody_new_gets_an_account_a_post_and_a_password_shown_once(admin: Client, world: World) -> None:
    given = {"name": "王新", "username": "wang.xin", "email": "", "organ": world.organs["cg"].pk, "role": "handler",
             "title": "承办人", "area_code": "", "valid_from": "2026-09-01"}  # fmt: skip
    wrong(send(admin, "accounts/new/", "add", **given | {"role": ""}), "role")
    assert not Account.objects.filter(username="wang.xin").exists(), "no account without its post"
    made = send(admin, "accounts/new/", "add", **given)
    found = re.search(r'id="one-time">([^<]+)<', made.content.decode())
    assert found
    assert made["Cache-Control"] == "private, no-store"
    account = Account.objects.get(username="wang.xin")
    assert account.check_password(found[1])
    page = words(admin, f"accounts/{account.pk}/")
    assert found[1] not in page
    assert "还没改密码" in words(admin, "accounts/?q=wang")
    again = send(admin, f"accounts/{account.pk}/", "password")
    assert "one-time" in again.content.decode()
    Authenticator.objects.create(user=account, type="totp", data={})
    assert send(admin, f"accounts/{account.pk}/", "factor").status_code == 302
    assert not Authenticator.objects.exists()
    more = {name: given[name] for name in ("organ", "role", "title", "area_code", "valid_from")}
    wrong(send(admin, f"accounts/{account.pk}/", "post", **more), "role")
    assert send(admin, f"accounts/{account.pk}/", "post", **more | {"role": "head"}).status_code == 302
    post = Post.objects.get(account=account, role="head")
    assert send(admin, f"posts/{post.pk}/", "end", valid_to="2026-10-01").status_code == 302
    assert send(admin, f"accounts/{account.pk}/", "end").status_code == 302
    assert not Account.objects.get(pk=account.pk).is_active
    assert admin.get(BASE + "accounts/0/").status_code == 404
    assert admin.get(BASE + "posts/0/").status_code == 404
    assert "已停用" in words(admin, "accounts/?gone=1&q=王")


def test_an_administrator_ends_the_keys_of_somebodys_programs(admin: Client, world: World) -> None:
    post, by = world.posts["officer"], SYSTEM("test")
    path = f"accounts/{post.account_id}/"
    assert "接口密钥也一起停用" in words(admin, path)
    assert "哪一把" not in words(admin, path)
    made = [
        tokens.token_create(
            post_id=post.pk, name=name, scopes=["read"], days=30, actor=by, at=utc_now(), on=MORNING.date()
        )
        for name in ("业务系统", "备用")
    ]
    assert "业务系统" in words(admin, path)
    assert send(admin, path, "token", token=str(made[0].token.pk)).status_code == 302
    assert [one.name for one in tokens.living_tokens_of(post.account_id, utc_now())] == ["备用"]
    assert send(admin, path, "token", token=str(uuid4())).status_code == 422
    assert send(admin, path, "token", token="").status_code == 302
    assert tokens.living_tokens_of(post.account_id, utc_now()) == []


def test_a_password_given_long_ago_is_asked_for_again(admin: Client, world: World, settings: Any) -> None:
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 0
    for path in (
        "accounts/new/",
        f"accounts/{world.posts['officer'].account_id}/",
        f"organs/{world.organs['cg'].pk}/abolish/",
    ):
        assert "reauthenticate" in admin.get(BASE + path)["Location"]
    before = Account.objects.count()
    assert send(admin, "accounts/new/", "add", username="x1", name="x").status_code == 423
    assert Account.objects.count() == before


def test_the_words_of_a_message_are_changed_and_put_back(admin: Client) -> None:
    path = "texts/petitioner/closed/"
    assert "您的来件已办结" in words(admin, path)
    wrong(send(admin, path, "own-zh-hans", subject="办完了", body="没有编号"), "body")
    assert send(admin, path, "own-zh-hans", subject="办完了", body="编号 {number} 办完了。").status_code == 302
    assert "办完了" in words(admin, "texts/")
    assert "改回默认" in words(admin, path)
    assert send(admin, path, "default-zh-hans").status_code == 302
    assert Wording.objects.get().until is not None
    assert admin.get(BASE + "texts/petitioner/nothing/").status_code == 404


def test_the_calendar_says_what_is_provisional(admin: Client) -> None:
    page = words(admin, "calendars/?year=2026")
    assert "国庆节" in page
    assert "2026-10-10" in page
    assert "暂定" in page
    assert "2026 年放假" in words(admin, "calendars/?year=1999")


def test_the_record_marks_what_was_done_around_the_application(admin: Client, world: World, as_role: Any) -> None:
    organ = world.organs["cg"]
    with as_role("owner"), connection.cursor() as cursor:
        cursor.execute("UPDATE people_organ SET phone = '110' WHERE id = %s", [organ.pk])
    with access.acting(SYSTEM("test")):
        Organ.objects.filter(pk=organ.pk).update(phone="120")
    page = words(admin, f"record/?table=people_organ&key={organ.pk}")
    assert "绕过系统" in page
    assert "xinqiao_owner" in page
    assert "<b>电话</b> <del>110</del>" in page
    rows = admin.get(f"{BASE}record/?table=people_organ&key={organ.pk}&who=sql").context["tables"][0]["rows"]
    assert len(rows) == AdminEntry.objects.filter(table="people_organ", key=str(organ.pk), actor_kind="").count()
    assert admin.get(f"{BASE}record/?after=x&table=%00").status_code == 200


def test_the_record_speaks_of_organs_and_people_by_their_names(admin: Client, world: World) -> None:
    post, deputy = world.posts["cg.handler"], world.posts["cg.deputy"]
    with access.acting(SYSTEM("test")):
        post.organ, post.role, post.deputy = world.organs["zj"], "head", deputy
        post.save()
    page = words(admin, f"record/?table=people_post&key={post.pk}")
    for old, new in ((world.organs["cg"].short_name, world.organs["zj"].short_name), ("承办人", "单位负责人")):
        assert f"<del>{old}</del>" in page
        assert f"<ins>{new}</ins>" in page
    assert f"<ins>{deputy.account.name}</ins>" in page
    assert "people_post" not in page.partition("<tbody")[2].replace("?table=people_post", "")
    with access.acting(SYSTEM("test")):
        deputy.account.set_password("another bridge over still water")
        deputy.account.save()
    assert "<b>密码</b> <ins>换了</ins>" in words(admin, f"record/?table=people_account&key={deputy.account_id}")


def test_the_record_shows_lists_and_what_it_does_not_know(admin: Client, world: World, as_role: Any) -> None:
    for table, row in (
        ("notices_subscription", {"events": ["closed", "served"], "created_by": 987654321}),
        ("people_post", {"role": "no-such-role", "organ_id": 987654322, "gone": {"a": [1]}, "title": [["x"], None]}),
    ):
        with as_role("owner"):
            AdminEntry.objects.create(
                at=MORNING,
                table=table,
                key="k",
                action="INSERT",
                new=row,
                role="r",
                login="l",
                program="p",
                actor_kind="",
                act=1,
            )
        page = words(admin, f"record/?table={table}&key=k")
        for told in ("closed、served", "987654321") if "events" in row else ("no-such-role", "987654322", "gone"):
            assert told in page


RECORDED_COLUMNS = """
SELECT t.tgrelid::regclass::text, a.attname FROM pg_trigger t
JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum > 0 AND NOT a.attisdropped
WHERE t.tgname = 'admin_record'
"""
NEVER_SHOWN = {"last_login", "changes_seen", "last_used_at", "data", "last_sent_at", "search"}


def test_every_column_that_is_recorded_has_a_name_for_people(admin: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(RECORDED_COLUMNS)
        found = cursor.fetchall()
    assert {table for table, _ in found} <= dict(TABLES).keys()
    assert {name for _, name in found} - COLUMNS.keys() == NEVER_SHOWN


def test_nobody_else_finds_any_of_it(world: World, admin: Client) -> None:
    for login in ("officer", "cg.head", "keeper", "window"):
        client = signed_in(world, login)
        assert client.get(BASE).status_code == 404
        assert send(client, "organs/new/", "add").status_code == 404
        assert "系统管理" not in client.get("/desk/").content.decode()
    assert timedelta(days=1) == days(1)
    assert sheets.TYPES.keys() == {"csv", "xlsx"}
