"""Work of intake that nobody waits for: tables tried and taken in, and what is left of them removed."""

from uuid import UUID

import structlog
from procrastinate.contrib.django import app

from xinqiao.people import clock
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM, Actor

from .models import SheetImport
from .sheets import services, store
from .sheets.cells import Unreadable

log = structlog.get_logger()
SWEEPER = SYSTEM("sheets")
TROUBLE = "系统出了意外，停在这里。已经导入的都在，可以接着导入；还不行，请告诉系统管理员。"


@app.task(queue="sheets", name="intake.sheet_work")
def sheet_work(sheet_id: str) -> None:
    """Try a table or take it in, from where it stands; after a crash the same job comes again and goes on."""
    import_id = UUID(sheet_id)
    with acting(SWEEPER):
        at = clock.now()
        sheet = SheetImport.objects.select_related("organ", "account", "post").filter(pk=import_id).first()
    if sheet is None or sheet.state not in services.WORKING:
        return
    try:
        with store.opened(import_id) as file:
            done = services.Work(sheet=sheet, file=file, actor=_actor_of(sheet), at=at).run()
        log.info("sheet.worked", sheet=sheet_id, state=done.state, rows=done.rows, rejected=done.rejected)
    except Unreadable as error:
        with acting(SWEEPER):
            SheetImport.objects.filter(pk=import_id).update(
                state=SheetImport.State.FAILED, trouble=f"{error.message}{error.remedy}"[:400], ended_at=at
            )
    except Exception:
        with acting(SWEEPER):
            halted = SheetImport.objects.filter(pk=import_id, state__in=services.WORKING)
            halted.update(state=SheetImport.State.STOPPED, trouble=TROUBLE)
        raise


def _actor_of(sheet: SheetImport) -> Actor:
    """Who brought the table, in the post in which they did."""
    if sheet.post is None:
        return SYSTEM("import")
    post = sheet.post
    return Actor(
        kind="staff", account_id=sheet.account_id, post_id=post.pk, organ_id=post.organ_id, role=post.role,
        area_code=post.area_code, name=sheet.account.name if sheet.account else "",
    )  # fmt: skip


@app.periodic(cron="13 * * * *")
@app.task(name="intake.sheets_sweep", queueing_lock="intake.sheets_sweep")
def sheets_sweep(timestamp: int) -> None:
    """Remove tables that nobody went on with, and rejected rows after a month."""
    with acting(SWEEPER):
        at = clock.now()
    services.sheets_sweep(at=at)
