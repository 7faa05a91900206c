"""Rows that some steps write beside the law's decision: ratings, urging, recusal, sealing. Registered when the app is ready."""

from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import BadInput
from xinqiao.people import selectors as people
from xinqiao.people.models import Post, in_force

from . import effects, sealing, succession
from .effects import Context
from .models import Rating, Recusal

_NAMES_HANDLER = frozenset({"assign_handler", "hand_over", "approve_recusal"})
CITY = 4  # digits of an area code that name the city


def register_all() -> None:
    """Register the effects of this app."""
    effects.register("rate_office", _rated)
    effects.register("rate_unit", _rated)
    effects.register("urge", _urged)
    effects.register("declare_recusal", _recused)
    effects.register_check(_organs_fit)
    effects.register_check(_handler_fits)
    effects.register_sealing(_sealed)
    effects.register("hand_over_report", _handed_over)
    effects.register("succeed", succession.settle_in)


def _rated(context: Context) -> None:
    case = context.case
    target = Rating.Target.OFFICE if context.decision.step == "rate_office" else Rating.Target.UNIT
    organ_id = case.office_id if target == Rating.Target.OFFICE or case.lead_id is None else case.lead_id
    reasons = context.inputs.get("reasons") or ()
    Rating.objects.update_or_create(
        case=case,
        target=target,
        defaults={
            "score": context.inputs["score"],
            "reasons": [reasons] if isinstance(reasons, str) else list(reasons),
            "at": context.at,
            "organ_id": organ_id,
        },
    )


def _urged(context: Context) -> None:
    context.case.urged_at = context.at
    context.case.save(update_fields=["urged_at"])


def _recused(context: Context) -> None:
    if context.actor.account_id is not None:
        Recusal.objects.get_or_create(
            case=context.case, account_id=context.actor.account_id, defaults={"at": context.at}
        )
    if context.case.handler_id == context.actor.post_id:
        context.case.handler_id = None
        context.case.save(update_fields=["handler"])


def _sealed(context: Context) -> None:
    if context.decision.seals is True and not context.case.sealed:
        sealing.seal(context.case, actor=context.actor, at=context.at)
    elif context.decision.seals is False and context.case.sealed:
        title = str(context.inputs.get("title") or sealing.NEUTRAL_TITLE)
        sealing.unseal(context.case, title=title, actor=context.actor, at=context.at)


def _handed_over(context: Context) -> None:
    """A sealed report reaches the discipline organ: its appointed receivers are named on it."""
    case = context.case
    if case.sealed and case.lead_id is not None:
        for account_id in sealing.holders(organ_id=case.lead_id, role="discipline", at=context.at):
            sealing.grant(
                case, account_id=account_id, granted_by=context.actor.kind, reason="接收检举控告", at=context.at
            )


def _organs_fit(context: Context) -> None:
    """Work goes to organs that exist on that day, in the city to which the petition office belongs."""
    assigns = context.decision.assigns
    wanted = {
        name: set(assigns[name]) if name == "assists" else {assigns[name]}
        for name in ("lead", "ruling", "assists")
        if assigns.get(name)
    }
    if not wanted:
        return
    city = context.case.jurisdiction[:CITY]
    here = people.organs_known(set().union(*wanted.values()), on=day_of(context.at), area_code=city)
    field = {"ruling": "arbiter"}
    wrong = {field.get(name, name): "请从列表里选择现在设立的本地单位。" for name, ids in wanted.items() if ids - here}
    if wrong:
        raise BadInput(wrong)


def _handler_fits(context: Context) -> None:
    """Work is handed to a post of the organ that has the case, and to nobody who has stepped back."""
    post_id = context.inputs.get("handler")
    if not post_id or context.decision.step not in _NAMES_HANDLER:
        return
    case = context.case
    organ_id = case.lead_id or case.office_id
    post = (
        Post.objects.filter(in_force(day_of(context.at)), pk=post_id, organ_id=organ_id, account__is_active=True)
        .exclude(role=Post.Role.ADMIN)
        .first()
    )
    if post is None:
        raise BadInput({"handler": "请选择本单位的岗位。"})
    if Recusal.objects.filter(case=case, account_id=post.account_id).exists():
        raise BadInput({"handler": "这位同事与这件事有利害关系，已经回避，请选择别人。"})
