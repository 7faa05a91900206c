"""A small district for tests: organs, staff in their posts, and short ways to receive and to step. All invented."""

import base64
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from xinqiao.cases import services as cases
from xinqiao.cases.models import Case
from xinqiao.intake import services as intake
from xinqiao.kernel.clock import SHANGHAI
from xinqiao.people import access
from xinqiao.people.actors import CITIZEN, Actor
from xinqiao.people.models import Account, Area, Organ, Post

LONG_AGO = date(2020, 1, 1)
MORNING = datetime(2026, 9, 1, 10, 0, tzinfo=SHANGHAI)  # a Tuesday
DISTRICT = "330105"
SCAN = base64.b64decode(  # the smallest picture there is: what a stamped paper looks like is no matter here
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="
)


@dataclass
class World:
    """Organs by code and actors by post, as made by `make`."""

    organs: dict[str, Organ]
    posts: dict[str, Post]

    def actor(self, login: str) -> Actor:
        """The actor who works in the post of that sign-in name."""
        post = self.posts[login]
        return Actor(
            kind="staff",
            account_id=post.account_id,
            post_id=post.pk,
            organ_id=post.organ_id,
            role=post.role,
            area_code=post.area_code,
            name=post.account.name,
        )

    def receive(self, *, at: datetime = MORNING, actor: Actor | None = None, **more: Any) -> intake.Receipt:
        """Somebody speaks on the portal; `more` may hold said, who, channel, uploads."""
        who = actor or CITIZEN()
        defaults: dict[str, Any] = {
            "channel": "portal",
            "said": intake.Words(
                text="小区门口的路灯坏了三个星期，晚上老人出门看不见路。请尽快修好。", area_code="330105003"
            ),
            "who": intake.Who(
                reporter="person", people=[("petitioner", intake.PersonData(name="钱大桥", phone="19900001234"))]
            ),
            "key": str(uuid4()),
        }
        with access.acting(who):
            return intake.receive(**(defaults | more), actor=who, at=at)

    def step(self, case: Case | UUID, step: str, login: str, *, at: datetime, key: str = "", **inputs: Any) -> Case:
        """Take a step as that member of staff, or as "petitioner"."""
        case_id = case if isinstance(case, UUID) else case.id
        actor = CITIZEN({case_id}) if login == "petitioner" else self.actor(login)
        with access.acting(actor):
            return cases.take_step(
                case_id=case_id,
                step=step,
                actor=actor,
                at=at,
                inputs=inputs,
                uploads={"scan": [cases.Upload("盖章扫描件.png", SCAN, "scan")]} if step == "seal_decision" else {},
                key=key or str(uuid4()),
            ).case


ORGANS = [
    ("qu", "拱墅区人民政府", "拱墅区政府", "government", None),
    ("xf", "拱墅区信访局", "拱信访", "petition_office", "qu"),
    ("cg", "拱墅区城市管理局", "拱城管", "department", "qu"),
    ("zj", "拱墅区住房和城乡建设局", "拱住建", "department", "qu"),
    ("jd", "小河街道办事处", "小河街", "street", "qu"),
    ("jw", "拱墅区纪委监委", "拱纪委", "discipline", None),
    ("lxh", "拱墅区信访工作联席会议", "拱联席", "conference", None),
]
STAFF = [
    ("window", "xf", "clerk", "窗口接待员"),
    ("officer", "xf", "officer", "信访干部"),
    ("keeper", "xf", "confidential", "保密专员"),
    ("cg.handler", "cg", "handler", "承办人"),
    ("cg.deputy", "cg", "handler", "承办人"),
    ("cg.head", "cg", "head", "局长"),
    ("zj.handler", "zj", "handler", "承办人"),
    ("zj.head", "zj", "head", "局长"),
    ("jd.handler", "jd", "handler", "承办人"),
    ("discipline", "jw", "discipline", "受理员"),
    ("arbiter", "lxh", "arbiter", "联席办主任"),
    ("other", "other", "officer", "信访干部"),
]


def make() -> World:
    """Create the district. Call inside a transaction of any role that may write."""
    Area.objects.bulk_create(
        [
            _area("330105", "拱墅区", "浙江省杭州市拱墅区", "district", ""),
            _area("330105003", "小河街道", "浙江省杭州市拱墅区小河街道", "street", "330105"),
            _area("330106", "西湖区", "浙江省杭州市西湖区", "district", ""),
        ]
    )
    organs: dict[str, Organ] = {}
    for code, name, short, kind, superior in ORGANS:
        organs[code] = Organ.objects.create(
            code=code,
            name=name,
            short_name=short,
            kind=kind,
            area_code=DISTRICT,
            level="district",
            superior=organs.get(superior or ""),
            valid_from=LONG_AGO,
        )
    organs["other"] = Organ.objects.create(
        code="other",
        name="西湖区信访局",
        short_name="西信访",
        kind="petition_office",
        area_code="330106",
        level="district",
        valid_from=LONG_AGO,
    )
    posts: dict[str, Post] = {}
    for login, organ, role, title in STAFF:
        account = Account.objects.create(username=login, name=f"{title}（{login}）")
        posts[login] = Post.objects.create(
            account=account, organ=organs[organ], role=role, title=title, valid_from=LONG_AGO
        )
    return World(organs, posts)


def _area(code: str, name: str, full: str, level: str, parent: str) -> Area:
    return Area(
        code=code, name=name, full_name=full, stem=name[:-1], level=level, parent_code=parent, valid_from=LONG_AGO
    )


def days(count: float) -> timedelta:
    """Shorthand for timedeltas in tests."""
    return timedelta(days=count)


@pytest.fixture
def world(db: None) -> World:
    """The small district, in this test's transaction."""
    return make()
