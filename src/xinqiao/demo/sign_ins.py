"""Who may be signed in as in the demonstration. Pure: asks no database."""

from dataclasses import dataclass

from xinqiao.demo import matters
from xinqiao.kernel.words import N_

# The sign-ins worth trying first, in this order.
_TOUR = (
    ("xinfang", N_("信访局：分清来件，转给谁办")),
    ("chuangkou", N_("窗口：接待来访，当场答复或者登记")),
    ("rexian", N_("热线：接电话、登记、派单")),
    ("chengguan", N_("城管局承办人：签收、受理、办理、答复")),
    ("chengguan.head", N_("城管局负责人：核稿、签发、批准延期")),
    ("zhujian", N_("住建局承办人：物业、电梯、房子的事")),
    ("renshe", N_("人社局承办人：工资、社保的事")),
    ("street009", N_("祥符街道承办人：协办")),
    ("lianxi", N_("联席会议办公室：裁定由谁受理")),
    ("jiwei", N_("纪委监委：只看交给自己的检举控告")),
    ("baomi", N_("信访局保密专管员：检举控告只有他看得到")),
    ("xinfang2", N_("同事休假，由他代理")),
    ("xihu", N_("西湖区信访局：看不到拱墅区的件")),
    ("guanli", N_("系统管理员：岗位和账号")),
)


@dataclass(frozen=True)
class SignIn:
    """A sign-in of the demonstration and what it shows."""

    login: str
    name: str
    organ: str  # code
    role: str
    shows: str  # gettext id


def password() -> str:
    """The one password of all sign-ins of the demonstration; it works nowhere else."""
    return str(matters.read("staff.yaml")["password"])


def sign_ins() -> list[SignIn]:
    """The sign-ins worth trying first, in the order of the tour."""
    posts = {one.login: one for one in matters.staff()}
    return [SignIn(login, posts[login].name, posts[login].organ, posts[login].role, shows) for login, shows in _TOUR]
