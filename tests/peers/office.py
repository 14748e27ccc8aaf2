"""LibreOffice, without a screen: our CSV as a workbook, and our workbook as CSV."""

import csv
import datetime
import io
import pathlib
import shutil
import subprocess
import tempfile
from decimal import Decimal

import openpyxl

from expected import Money, csv_text, text
from readers import EXCEL_FIRST_DATE, local, wanted_of_sheet

SECONDS_MAX = 300
STANDARD, TEXT, YEAR_MONTH_DAY = 1, 2, 5
UTF_8, ENGLISH = 76, 1033


def is_there():
    return shutil.which("soffice") is not None


class Office:
    """LibreOffice Calc. Line ends inside cells are its own, and its numbers are doubles."""

    def convert(self, path, to, *options):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["soffice", "--headless", "--norestore", f"-env:UserInstallation=file://{folder}/profile",
                            *options, "--convert-to", to, "--outdir", folder, str(path)],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=SECONDS_MAX)
            made = pathlib.Path(folder) / f"{path.stem}.{to.split(':')[0]}"
            return made.read_bytes()

    def separated(self, path, table, delimiter):
        forms = [column_format(column, [row[place] for row in table.cells]) for place, column in enumerate(table.columns)]
        columns = "/".join(f"{number}/{form}" for number, form in enumerate(forms, 1))
        made = self.convert(path, "xlsx", f"--infilter=CSV:{ord(delimiter)},34,{UTF_8},1,{columns},{ENGLISH},false,false")
        with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
            file.write(made)
            file.flush()
            sheet = openpyxl.load_workbook(file.name).active
        found = [[cell_found(cell.value) for cell in row] for row in sheet.iter_rows()]
        header = [csv_text(column.label) for column in table.columns]
        wanted = [[cell_wanted(cell, form) for cell, form in zip(row, forms)] for row in table.cells]
        yield "cells", found, [header] + wanted

    def csv(self, path, table):
        yield from self.separated(path, table, ",")

    def tsv(self, path, table):
        yield from self.separated(path, table, "\t")

    def xlsx(self, path, table):
        made = self.convert(path, f"csv:Text - txt - csv (StarCalc):44,34,{UTF_8},1,,{ENGLISH},false,true,false")
        found = list(csv.reader(io.StringIO(made.decode("utf-8"), newline=""), strict=True))
        wanted = [[shown(cell) for cell in row] for row in table.cells]
        yield "names", found[0], [column.label for column in table.columns]
        yield "as CSV", [row_found(table.columns, row) for row in found[1:]], [row_found(table.columns, row) for row in wanted]


def row_found(columns, row):
    """Numbers by value: how many zeros are shown behind the point is LibreOffice's choice."""
    return [Decimal(cell) if cell and column.kind in ("int", "money") else one_line_end(cell)
            for column, cell in zip(columns, row, strict=True)]


def column_format(column, cells):
    """As what a column of a CSV is to be taken. Days before 1900-03-01 have no number that all programs agree on,
    and a sheet keeps 15 digits of a number."""
    forms = {"date": YEAR_MONTH_DAY, "int": STANDARD, "money": STANDARD}
    fits = all(not isinstance(wanted_of_sheet(cell), str) for cell in cells)
    return forms[column.kind] if column.kind in forms and fits else TEXT


def one_line_end(value):
    return value.replace("\r\n", "\n").replace("\r", "\n")


def shown(cell):
    if isinstance(cell, datetime.datetime) and local(cell).date() >= EXCEL_FIRST_DATE:
        fraction = f".{local(cell).microsecond // 1000:03}" if cell.microsecond else ""
        return local(cell).strftime("%Y-%m-%d %H:%M:%S") + fraction
    return text(cell).upper() if isinstance(cell, bool) else one_line_end(text(cell))


def cell_found(value):
    match value:
        case datetime.datetime():
            return value.date()
        case bool() | None:
            return value
        case int() | float():
            return float(value)
        case _:
            # It writes a CR so, and other such sequences as they are.
            return one_line_end(value.replace("_x000D_", "\r"))


def cell_wanted(cell, form):
    if form == TEXT or cell is None:
        return one_line_end(csv_text(cell)) or None
    if form == YEAR_MONTH_DAY:
        return cell
    return float(cell.decimal if isinstance(cell, Money) else cell)
