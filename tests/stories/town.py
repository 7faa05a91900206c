"""The town in which the stories happen: the small district with names, passwords, contents and competences. All invented."""

import io
from datetime import datetime

from django.contrib.auth.hashers import make_password
from PIL import Image, ImageDraw

from tests.support.world import DISTRICT, LONG_AGO, World, make
from xinqiao.kernel.clock import utc_now
from xinqiao.people import clock
from xinqiao.people.actors import SYSTEM
from xinqiao.people.instance import instance_create
from xinqiao.people.models import Account, Area, Competence, Instance, Organ, Post
from xinqiao.triage.services import content_class_import, knowledge_store

PASSWORD = "xin-qiao-jia-meng-30"
TELLER = SYSTEM("stories")
NAMES = {
    "window": "温若禾",
    "officer": "周立言",
    "keeper": "密守安",
    "cg.handler": "程路明",
    "cg.deputy": "代素问",
    "cg.head": "郑允之",
    "zj.handler": "祝安居",
    "zj.head": "柴定邦",
    "jd.handler": "街小满",
    "discipline": "廉清如",
    "arbiter": "裘公断",
    "other": "西门渡",
    "hotline": "热心莲",
    "window2": "戴班长",
}
CONTENTS = (
    ("03", "城乡建设", ""),
    ("0308", "市政公用", "03"),
    ("030800", "路灯、井盖等市政设施", "0308"),
    ("030701", "园林绿化养护", "03"),
    ("030200", "房屋漏水和质量", "03"),
)


def found() -> World:
    """Create the town in a database marked as a demonstration. Call inside a transaction of its own."""
    at = clock.now()
    instance_create(demonstration=True, actor=TELLER, at=at)
    world = make()
    world.organs["rx"] = Organ.objects.create(
        code="rx",
        name="拱墅区民生热线受理中心",
        short_name="拱热线",
        kind="hotline",
        area_code=DISTRICT,
        level="district",
        superior=world.organs["xf"],
        valid_from=LONG_AGO,
    )
    for login, organ, title in (("hotline", "rx", "话务员"), ("window2", "xf", "窗口接待员")):
        account = Account.objects.create(username=login, name=NAMES[login])
        world.posts[login] = Post.objects.create(
            account=account, organ=world.organs[organ], role="clerk", title=title, valid_from=LONG_AGO
        )
    coded = make_password(PASSWORD)
    for login, post in world.posts.items():
        post.account.name = NAMES[login]
        Account.objects.filter(pk=post.account_id).update(name=NAMES[login], password=coded)
    street = Area.objects.get(code="330105003")
    Area.objects.create(
        code="330105003002",
        name="长征桥社区",
        full_name=f"{street.full_name}长征桥社区",
        stem="长征桥",
        level="community",
        parent_code=street.code,
        valid_from=LONG_AGO,
    )
    office = world.organs["xf"]
    office.address, office.phone, office.hours = "便民路1号3号楼一层接待大厅", "0571-0000-1003", "工作日 8:30-17:30"
    office.save()
    rows = [{"code": code, "name": name, "parent_code": parent} for code, name, parent in CONTENTS]
    content_class_import(rows=rows, actor=TELLER, at=at)
    for organ, content in (("cg", "0308"), ("cg", "0307"), ("zj", "0302")):
        Competence.objects.create(
            organ=world.organs[organ],
            content_code=content,
            area_code=DISTRICT,
            role="lead",
            valid_from=LONG_AGO,
            source="拱墅区政府部门权责清单",
        )
    knowledge_store(
        slug="yellow-leaves",
        question="行道树的叶子发黄怎么办？",
        answer="先请养护单位到现场看树池和根部；入秋老叶先黄是正常换叶。",
        keywords=["叶子", "行道树", "发黄"],
        basis="《城市绿化条例》",
        content_code="030701",
        organ_id=world.organs["cg"].pk,
        valid_from=LONG_AGO,
        actor=TELLER,
        at=at,
    )
    return world


def set_clock(to: datetime) -> None:
    """Put the rehearsal clock of this database to a moment, also backwards: a new story begins, or minutes go by."""
    Instance.objects.filter(pk=1).update(clock_offset=to - utc_now())
    clock.forget()


def photo(words: str = "现场") -> dict[str, object]:
    """A picture as a browser uploads it."""
    picture = Image.new("RGB", (640, 480), "darkseagreen")
    ImageDraw.Draw(picture).ellipse((200, 120, 440, 360), fill="goldenrod")
    data = io.BytesIO()
    picture.save(data, "JPEG")
    return {"name": f"{words}.jpg", "mimeType": "image/jpeg", "buffer": data.getvalue()}
