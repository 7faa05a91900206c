"""What people call the tables and columns of the administrative record."""

import functools
from typing import Any

from django.apps import apps

from xinqiao.kernel.words import N_

TABLES = (
    ("people_account", N_("账号")), ("people_post", N_("岗位")), ("people_organ", N_("单位")), ("people_area", N_("区划")),
    ("people_competence", N_("职权")), ("people_reviewingbody", N_("复查单位")), ("cases_abolition", N_("单位撤销")),
    ("cases_abolition_heirs", N_("接手的单位")), ("notices_wording", N_("消息的话")), ("notices_subscription", N_("事件推送")),
    ("triage_knowledgeentry", N_("知识库")),
    ("triage_contentclass", N_("内容分类")), ("people_apitoken", N_("接口密钥")), ("mfa_authenticator", N_("二次验证")),
    ("people_instance", N_("本系统")),
)  # fmt: skip

COLUMNS = {
    "id": N_("编号"), "key": N_("编号"), "name": N_("名字"), "full_name": N_("全称"), "short_name": N_("简称"), "code": N_("代码"),
    "slug": N_("短名"), "title": N_("名称"), "kind": N_("种类"), "type": N_("种类"), "level": N_("层级"), "stem": N_("代码的前几位"),
    "parent_code": N_("上级代码"), "area_code": N_("区划"), "content_code": N_("内容分类"), "organ_id": N_("单位"),
    "superior_id": N_("上级单位"), "reviewer_id": N_("复查单位"), "rest_id": N_("其余的事项交给"), "address": N_("地址"),
    "phone": N_("电话"), "hours": N_("办公时间"), "role": N_("角色"), "source": N_("依据"), "basis": N_("依据"),
    "valid_from": N_("起"), "valid_to": N_("止"), "since": N_("起"), "until": N_("止"), "account_id": N_("账号"), "user_id": N_("账号"),
    "post_id": N_("岗位"), "deputy_id": N_("代理人"), "leave_from": N_("离岗起"), "leave_to": N_("离岗止"), "username": N_("用户名"),
    "email": N_("电子邮箱"), "password": N_("密码"), "is_active": N_("可以登录"), "demonstration": N_("演示"), "joined_at": N_("开户时间"),
    "one_time_until": N_("一次性密码的期限"), "prefix": N_("开头"), "key_hash": N_("密钥"), "secret": N_("密钥"), "scopes": N_("准许做什么"),
    "created_at": N_("建立时间"), "created_by_id": N_("谁建的"), "made_by": N_("谁写的"), "expires_at": N_("到期时间"),
    "revoked_at": N_("停用时间"), "revoked_by_id": N_("谁停用的"), "clock_offset": N_("演练时钟拨动多少"), "book": N_("发给谁"),
    "text": N_("哪一种消息"), "language": N_("语言"), "subject": N_("标题"), "body": N_("正文"), "question": N_("问题"), "answer": N_("答复"),
    "keywords": N_("关键词"), "public": N_("公开"), "takes_effect_on": N_("哪一天起撤销"), "at": N_("时间"), "recorded_at": N_("记录时间"),
    "begun_at": N_("开始交接的时间"), "called_off_at": N_("取消时间"), "called_off_by": N_("谁取消的"), "done_at": N_("交接完的时间"),
    "troubled": N_("交接受阻的事项"), "trouble": N_("受阻的原因"), "url": N_("网址"), "events": N_("推送哪些事"), "ended_at": N_("停用时间"),
    "abolition_id": N_("哪一次撤销"),
    "created_by": N_("谁建的"),
}  # fmt: skip


ORGANS = frozenset({"organ_id", "superior_id", "reviewer_id", "rest_id"})
ACCOUNTS = frozenset(
    {"account_id", "user_id", "created_by_id", "created_by", "made_by", "revoked_by_id", "called_off_by"}
)
POSTS = frozenset({"post_id", "deputy_id"})


@functools.cache
def choices() -> dict[tuple[str, str | None], dict[Any, Any]]:
    """The words of each value of columns that take one of a few: by table and column."""
    return {
        (model._meta.db_table, one.column): dict(one.flatchoices)
        for model in apps.get_models()
        for one in model._meta.local_fields
        if one.choices
    }
