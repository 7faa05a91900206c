"""All procedures by name."""

from collections.abc import Mapping

from xinqiao.law.engine import Procedure
from xinqiao.law.procedures import guidance, inquiry, intake, redress, report, suggestion

PROCEDURES: Mapping[str, Procedure] = {
    page.PROCEDURE.name: page.PROCEDURE for page in (intake, redress, inquiry, suggestion, report, guidance)
}
