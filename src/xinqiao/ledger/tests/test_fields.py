"""Columns that Django does not know."""

from django.db import connection

from xinqiao.ledger.fields import IdentityField, XidField


def test_the_database_numbers_and_stamps() -> None:
    assert XidField().db_type(connection) == "xid8"
    assert IdentityField().db_type_suffix(connection) == "GENERATED ALWAYS AS IDENTITY"


def test_transaction_ids_are_numbers_here_and_text_there() -> None:
    field = XidField()
    assert field.from_db_value("18446744073709551615", None, connection) == 2**64 - 1
    assert field.from_db_value(None, None, connection) is None
    assert field.get_prep_value(7) == "7"
    assert field.get_prep_value(None) is None
