"""What a file must hold: the pages of `data`, one after the other, as typed cells.

Written after the specification, not after the program.
"""

import datetime
import json
import re
import urllib.parse
from decimal import Decimal
from typing import NamedTuple

PAGE_ROWS = 97
PHONE_LIKE = re.compile(r"[0-9 +\-().\/]*")
# Pivot columns are called pivot.<period>.<measure>.
PIVOT_MEASURE = re.compile(r"pivot\.[^.]+\.(.+)")


class Column(NamedTuple):
    """A leaf of a report. `kind` is a word of the catalogue; `amounts` are the columns whose currency
    this one names; `is_modelled` is false where it is always null."""

    key: str
    label: str
    kind: str
    amounts: tuple = ()
    is_modelled: bool = True


class Money(NamedTuple):
    """An amount, with as many digits as its currency has."""

    decimal: Decimal
    currency: str
    json: dict


class Table(NamedTuple):
    """`leaves` and `rows` as JSON has them; `columns` and `cells` as files of columns do."""

    leaves: list
    nested: list
    columns: list
    cells: list


def of_report(server, report, parameters):
    """Walks the pages of a report."""
    described = {column["key"]: column for column in server.ask(f"/api/v2/reports/{report}")["columns"]}
    nested, headers = [], None
    while True:
        query = urllib.parse.urlencode({**parameters, "limit": PAGE_ROWS, "offset": len(nested)})
        page = server.ask(f"/api/v2/reports/{report}/data?{query}")
        if headers not in (None, page["column_headers"]):
            raise SystemExit(f"{report}: headers differ from page to page")
        headers = page["column_headers"]
        nested += page["rows"]
        if not page["rows"] or len(nested) >= page["total"]:
            break
    if len(nested) != page["total"] or len(nested) < 2:
        raise SystemExit(f"{report}: {len(nested)} rows on all pages, total {page['total']}")
    leaves = [column_of(header, described) for header in headers]
    columns = leaves + currencies(report, leaves)
    rows = [[typed(column, leaf(row, column.key)) for column in leaves] for row in nested]
    cells = [values + [currency_of(column, leaves, values) for column in columns[len(leaves):]] for values in rows]
    for column, place in ((c, n) for n, c in enumerate(columns) if c.key == "currency"):
        for values in cells:
            values[place] = values[place] and values[place].upper()
    return Table(leaves, nested, columns, cells)


def column_of(header, described):
    pivot = PIVOT_MEASURE.fullmatch(header["key"])
    column = described[pivot.group(1) if pivot else header["key"]]
    return Column(header["key"], header["label"], column["type"], is_modelled=column["modelled"])


def currencies(report, leaves):
    """The columns that files of columns have after the others (reports.md 7.2 no. 4)."""
    amounts = tuple(column.key for column in leaves if column.kind == "money" and column.is_modelled)
    if not amounts or any(column.key == "currency" for column in leaves):
        return []
    if report == "customers" and len(amounts) > 1:
        labels = {column.key: column.label for column in leaves}
        return [Column(f"{key}_currency", f"{labels[key]} Currency", "string", (key,)) for key in amounts]
    return [Column("currency", "Currency", "string", amounts)]


def currency_of(column, leaves, values):
    found = {value.currency.upper() for leaf, value in zip(leaves, values)
             if leaf.key in column.amounts and value is not None}
    if len(found) > 1:
        raise SystemExit(f"a row with {found}")
    return found.pop() if found else None


def leaf(row, key):
    for name in key.split("."):
        if row is None:
            return None
        row = row[name]
    return row


def typed(column, value):
    if value is None:
        return None
    convert = {"dt": instant, "date": datetime.date.fromisoformat, "money": money}.get(column.kind)
    return convert(value) if convert else value


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def money(value):
    return Money(Decimal(value["decimal"]), value["iso_currency_code"], value)


def text(value):
    """A cell as text (reports.md 7.2 no. 3 to 5)."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Money():
            return str(value.decimal)
        case datetime.datetime():
            shown = value.strftime("%Y-%m-%dT%H:%M:%S")
            micros = value.microsecond
            fraction = f".{micros // 1000:03}" if micros % 1000 == 0 else f".{micros:06}"
            return shown + (fraction if micros else "") + "Z"
        case list() if any(isinstance(one, str) and ";" in one for one in value):
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        case list():
            return "; ".join(item(one) for one in value)
        case dict():
            return object_text(value)
        case _:
            return str(value)


def item(value):
    match value:
        case {"membership": {"name": name}} | {"name": name}:
            return text(name)
        case {"amount": {"decimal": decimal}}:
            return str(decimal)
        case _:
            return text(value)


def object_text(value):
    if "starts_at" in value:
        return " ".join(part for part in (text(value["starts_at"]), text(value["name"])) if part)
    return ", ".join(text(part) for part in value.values() if text(part))


def guarded(shown):
    """Text as CSV shows it, so that no spreadsheet takes it for a formula (reports.md 7.2 no. 6)."""
    if shown[:1] in ("=", "@", "\t", "\r") and shown:
        return "'" + shown
    if shown[:1] in ("+", "-") and shown and not PHONE_LIKE.fullmatch(shown):
        return "'" + shown
    return shown


def csv_text(value):
    """A cell as the text that a reader of CSV gets."""
    shown = text(value)
    return guarded(shown) if isinstance(value, (str, list, dict)) else shown
