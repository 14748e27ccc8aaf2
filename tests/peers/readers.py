"""Files read by other people's programs. Each reader gives rows of cells, to be compared with what it expects of them."""

import csv
import datetime
import io
import json
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb
import openpyxl
import openpyxl.utils.escape
import pandas
import pyarrow
import pyarrow.ipc
import pyarrow.parquet

from expected import csv_text, item, Money, text

DUCKDB_TYPES = {"int": "BIGINT", "bool": "BOOLEAN", "date": "DATE", "dt": "TIMESTAMPTZ", "money": "DECIMAL(38,4)"}
MONEY_STRUCT = ("STRUCT(decimal DECIMAL(38,4), string VARCHAR, iso_currency_code VARCHAR,"
                " currency_symbol VARCHAR, currency_symbol_position VARCHAR)")
ARROW_TYPES = {"int": pyarrow.int64(), "bool": pyarrow.bool_(), "date": pyarrow.date32(), "list": pyarrow.list_(pyarrow.string()),
               "dt": pyarrow.timestamp("us", "UTC"), "money": pyarrow.decimal128(23, 4)}
# Excel counts a day that never was; dates before it are texts.
EXCEL_FIRST_DATE = datetime.date(1900, 3, 1)
EXCEL_DIGITS = 15
# That of the provider (server.py).
ZONE = ZoneInfo("Europe/London")


def texts(table):
    """Header and rows as a reader of CSV gets them."""
    return [[csv_text(column.label) for column in table.columns]] + [[csv_text(cell) for cell in row] for row in table.cells]


def values(table):
    """Rows as a file of typed columns has them."""
    def plain(cell):
        match cell:
            case Money():
                return cell.decimal
            case list():
                return [None if one is None else item(one) for one in cell]
            case dict():
                return text(cell)
            case _:
                return cell
    return [[plain(cell) for cell in row] for row in table.cells]


def empty_is_null(rows):
    return [[None if cell == "" else cell for cell in row] for row in rows]


def typed_csv(table):
    """Rows as a reader of CSV gets them that knows the types."""
    typed = zip(table.columns, range(len(table.columns)))
    known = {place for column, place in typed if column.kind in DUCKDB_TYPES}
    rows = [[cell if place in known else csv_text(table.cells[number][place]) for place, cell in enumerate(row)]
            for number, row in enumerate(values(table))]
    return empty_is_null(rows)


class Duck:
    """DuckDB."""

    def __init__(self):
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")

    def rows(self, query):
        return [list(row) for row in self.connection.execute(query).fetchall()]

    def names(self, query):
        return [row[0] for row in self.rows(f"DESCRIBE {query}")]

    def separated(self, path, table, delimiter):
        kinds = {csv_text(column.label): DUCKDB_TYPES.get(column.kind, "VARCHAR") for column in table.columns}
        columns = ", ".join(f"{quoted(name)}: '{kind}'" for name, kind in kinds.items())
        query = (f"FROM read_csv('{path}', delim = '{delimiter}', quote = '\"', escape = '\"', header = true,"
                 f" auto_detect = false, columns = {{{columns}}}, nullstr = '')")
        yield "typed", self.rows(query), typed_csv(table)
        # As somebody does who knows nothing about the file.
        query = f"FROM read_csv('{path}', all_varchar = true, sample_size = -1)"
        yield "sniffed", empty_is_null([self.names(query)] + self.rows(query)), empty_is_null(texts(table))

    def csv(self, path, table):
        yield from self.separated(path, table, ",")

    def tsv(self, path, table):
        yield from self.separated(path, table, "\t")

    def json_lines(self, source, table):
        """Leaves of row objects with types that DuckDB is told; lists and objects stay JSON."""
        def kind(node):
            if isinstance(node, str):
                return {"money": MONEY_STRUCT, **{k: v for k, v in DUCKDB_TYPES.items() if k != "money"},
                        "string": "VARCHAR"}.get(node, "JSON")
            return "STRUCT(" + ", ".join(f"{quoted_name(name)} {kind(inner)}" for name, inner in node.items()) + ")"

        tree = {}
        for column in table.leaves:
            *parents, name = column.key.split(".")
            node = tree
            for parent in parents:
                node = node.setdefault(parent, {})
            node[name] = column.kind
        leaves = ", ".join("r." + ".".join(map(quoted_name, column.key.split("."))) for column in table.leaves)
        kinds = kind(tree)
        found = self.rows(f"SELECT {leaves} FROM ({source(kinds, {name: kind(node) for name, node in tree.items()})})")
        wanted = [[cell.json if isinstance(cell, Money) else cell for cell in row[:len(table.leaves)]] for row in table.cells]
        for place, column in enumerate(table.leaves):
            for row, nested in zip(wanted, table.nested):
                if column.key == "currency":
                    row[place] = nested["currency"]
            if kind(column.kind) == "JSON":
                for row in found:
                    row[place] = None if row[place] is None else json.loads(row[place], parse_float=Decimal)
        return found, wanted

    def json(self, path, table):
        def source(kinds, _):
            columns = f"{{'total': 'BIGINT', 'rows': '{kinds.replace(chr(39), chr(39) * 2)}[]'}}"
            return f"SELECT unnest(rows) AS r FROM read_json('{path}', columns = {columns}, maximum_object_size = 1000000000)"
        yield "typed", *self.json_lines(source, table)

    def ndjson(self, path, table):
        def source(_, members):
            columns = ", ".join(f"{quoted(name)}: '{kind}'" for name, kind in members.items())
            return f"SELECT r FROM read_json('{path}', format = 'newline_delimited', columns = {{{columns}}}) AS r"
        yield "typed", *self.json_lines(source, table)

    def parquet(self, path, table):
        query = f"FROM read_parquet('{path}')"
        yield "names", self.names(query), [column.key for column in table.columns]
        yield "cells", self.rows(query), values(table)


def quoted(name):
    return "'" + name.replace("'", "''") + "'"


def quoted_name(name):
    return '"' + name.replace('"', '""') + '"'


class Pandas:
    """pandas, and the csv module of Python."""

    def separated(self, path, table, delimiter):
        frame = pandas.read_csv(path, sep=delimiter, dtype=str, keep_default_na=False)
        yield "texts", [list(frame.columns)] + frame.values.tolist(), texts(table)
        with open(path, encoding="utf-8", newline="") as lines:
            yield "csv module", list(csv.reader(lines, delimiter=delimiter, strict=True)), texts(table)

    def csv(self, path, table):
        yield from self.separated(path, table, ",")

    def tsv(self, path, table):
        yield from self.separated(path, table, "\t")

    def json(self, path, table):
        whole = json.loads(path.read_bytes(), parse_float=Decimal)
        yield "rows", whole["rows"], table.nested
        yield "total", whole["total"], len(table.nested)
        yield "headers", [header["key"] for header in whole["column_headers"]], [column.key for column in table.leaves]

    def ndjson(self, path, table):
        lines = io.StringIO(path.read_text("utf-8"), newline="\n")
        yield "rows", [json.loads(line, parse_float=Decimal) for line in lines], table.nested


class Arrow:
    """pyarrow."""

    def check(self, found, table):
        # A column that is not modelled holds nothing, of whatever type.
        wanted = [(column.key, ARROW_TYPES.get(column.kind, pyarrow.string()) if column.is_modelled else None)
                  for column in table.columns]
        schema = [(field.name, field.type if column.is_modelled else None)
                  for field, column in zip(found.schema, table.columns)]
        yield "schema", schema, wanted
        columns = [column.to_pylist() for column in found.columns]
        yield "cells", [list(row) for row in zip(*columns)], values(table)

    def parquet(self, path, table):
        yield from self.check(pyarrow.parquet.read_table(path), table)

    def arrow(self, path, table):
        with pyarrow.ipc.open_file(path) as file:
            yield from self.check(file.read_all(), table)


class OpenPyXl:
    """openpyxl."""

    def xlsx(self, path, table):
        sheet = openpyxl.load_workbook(path).active
        yield "frozen", sheet.freeze_panes, "A2"
        found = [[cell_of_sheet(cell) for cell in row] for row in sheet.iter_rows()]
        yield "names", found[0], [column.label for column in table.columns]
        yield "zones", [note(cell) for cell in sheet[1]], [zone_of(column) for column in table.columns]
        yield "filter", sheet.auto_filter.ref, sheet.dimensions
        yield "cells", found[1:], [[wanted_of_sheet(cell) for cell in row] for row in table.cells]
        yield "money formats", formats(sheet, table), formats_wanted(table)


def cell_of_sheet(cell):
    value = cell.value
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date()
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, str):
        return openpyxl.utils.escape.unescape(value)
    return value


def note(cell):
    return cell.comment and cell.comment.text.strip()


def zone_of(column):
    """What stands at the heading of date-times."""
    return f"Times in {ZONE.key}." if column.kind == "dt" else None


def local(instant):
    """On the clocks of the provider, to the millisecond as openpyxl reads it."""
    micros = instant.microsecond
    whole = instant.astimezone(ZONE).replace(tzinfo=None, microsecond=0)
    return whole + datetime.timedelta(milliseconds=round(micros / 1000))


def wanted_of_sheet(cell):
    """A cell as a sheet has it: numbers of 15 digits, dates and times that Excel knows, else text."""
    match cell:
        case bool() | None:
            return cell
        case int() if len(str(abs(cell))) <= EXCEL_DIGITS:
            return cell
        case Money() if len(str(abs(int(cell.decimal.scaleb(-cell.decimal.as_tuple().exponent))))) <= EXCEL_DIGITS:
            return cell.decimal
        case datetime.datetime() if local(cell).date() >= EXCEL_FIRST_DATE:
            shown = local(cell)
            return shown.date() if shown.time() == datetime.time() else shown
        case datetime.datetime():
            return text(cell)
        case datetime.date() if cell >= EXCEL_FIRST_DATE:
            return cell
        case _:
            return text(cell) or None


def formats(sheet, table):
    places = [place for place, column in enumerate(table.columns) if column.kind == "money"]
    return [[row[place].number_format if row[place].data_type == "n" and row[place].value is not None else None
             for place in places] for row in sheet.iter_rows(min_row=2)]


def formats_wanted(table):
    def form(cell):
        if cell is None or isinstance(wanted_of_sheet(cell), str):
            return None
        digits = -cell.decimal.as_tuple().exponent
        return "0." + "0" * digits if digits else "0"
    places = [place for place, column in enumerate(table.columns) if column.kind == "money"]
    return [[form(row[place]) for place in places] for row in table.cells]
