"""Rows by the thousand: what is no table is refused before anything is sent."""

from uuid import uuid4

import pytest
from django.db import DataError, transaction

from xinqiao.ledger import bulk


def test_columns_of_one_table_are_of_one_length() -> None:
    columns = {"id": bulk.uuids([uuid4(), uuid4()]), "place": bulk.ints([1])}
    with pytest.raises(ValueError, match="one length"):
        bulk.inserting("nowhere", columns)
    kinds = {"a": bulk.texts(["x"]), "b": bulk.texts(["x", "y"])}
    with pytest.raises(ValueError, match="one length"):
        bulk.inserting("nowhere", {"kind": bulk.ints([1])}, kinds=kinds)


@pytest.mark.django_db
def test_no_rows_are_no_statement() -> None:
    bulk.insert("nowhere", {"id": bulk.uuids([])})


@pytest.mark.django_db
def test_what_goes_out_together_is_refused_together() -> None:
    with pytest.raises(DataError), transaction.atomic(), bulk.together():
        bulk.insert("people_area", {"code": bulk.texts(["长" * 999])}, fixed={"name": "", "full_name": ""})
    assert bulk.known("people_area", "code", bulk.texts(["长" * 999])) == []
