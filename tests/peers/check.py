"""Reads files made by the real server with other people's programs and compares every cell with the pages of `data`.

    python check.py --rollbook target/debug/rollbook

Prints one line per format; ends with 1 and the first differences when a cell differs.
"""

import argparse
import pathlib
import sys
import tempfile
import time

import expected
import office
import rows
from readers import Arrow, Duck, OpenPyXl, Pandas
from server import Server

FORMATS = ["csv", "tsv", "json", "ndjson", "parquet", "arrow", "xlsx"]
DIFFERENCES_MAX = 5
AS_OF = "2026-06-15T12:00:00Z"
PIVOT = {
    "columns": "membership.id,membership.name,type,status,count,billed_price",
    "pivot": "active_by_month", "max_pivot_columns": "12", "pivot_until": "2026-03-31",
}


def requests(server):
    """Reports and their parameters: every column there is, and a pivot of several currencies."""
    for report in ["customers", "customer_credits", "customer_memberships", "invoices"]:
        columns = [column["key"] for column in server.ask(f"/api/v2/reports/{report}")["columns"]]
        yield report, {"columns": ",".join(columns), "as_of": AS_OF}
    yield "customer_memberships.grouped", {**PIVOT, "as_of": AS_OF}


def differences(found, wanted):
    """Where two values differ; lists are compared piece by piece."""
    if isinstance(found, list) and isinstance(wanted, list):
        if len(found) != len(wanted):
            yield f"{len(found)} instead of {len(wanted)}: {str(found)[:300]} instead of {str(wanted)[:300]}"
        for place, pair in enumerate(zip(found, wanted)):
            yield from (f"[{place}]{difference}" for difference in differences(*pair))
    elif found != wanted or isinstance(found, bool) != isinstance(wanted, bool):
        yield f": {found!r} instead of {wanted!r}"


def cells_of(value):
    return sum(cells_of(inner) for inner in value) if isinstance(value, list) else 1


def check_format(form, tables, server, folder, readers):
    """Makes the files of one format and has them read; the number of differences."""
    begin, cells, wrong, names = time.monotonic(), 0, 0, []
    for report, parameters, table in tables:
        path = folder / f"{report}.{form}"
        path.write_bytes(server.file(report, parameters, form))
        for reader in readers:
            if not hasattr(reader, form):
                continue
            name = type(reader).__name__
            names += [] if name in names else [name]
            for what, found, wanted in getattr(reader, form)(path, table):
                cells += cells_of(wanted)
                for difference in differences(found, wanted):
                    wrong += 1
                    if wrong <= DIFFERENCES_MAX:
                        print(f"  {report}.{form}, {name}, {what}{difference}", flush=True)
    verdict = "equal" if wrong == 0 else f"{wrong} DIFFERENCES"
    print(f"{form:<8} {len(tables)} reports, {cells:>7,} comparisons, {', '.join(names)}: {verdict}"
          f" ({time.monotonic() - begin:.1f} s)", flush=True)
    return wrong


def check_rows(tables):
    """The rows must be awkward, else this shows nothing."""
    texts = {expected.csv_text(cell) for _, _, table in tables for row in table.cells for cell in row}
    for needed in ["'=1+1", "007", "two\nlines", "", 'Ann "A" Lee, Jr', "Zoë 🎉 e\u0301", "-5", "-0.05", "0.005",
                   "GBP", "KWD", "true", str(rows.ID_MAX), "2000-02-29"]:
        if needed not in texts:
            raise SystemExit(f"no cell is {needed!r}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rollbook", required=True, type=pathlib.Path)
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--without-office", action="store_true")
    options = parser.parse_args()
    readers = [Duck(), Pandas(), Arrow(), OpenPyXl()]
    if options.without_office:
        print("LibreOffice is not asked")
    elif office.is_there():
        readers.append(office.Office())
    else:
        print("LibreOffice is not installed: its part is left out")
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as files, Server(options.rollbook, data) as server:
        for table in rows.TABLES:
            server.add(table.__name__, table())
        tables = [(report, parameters, expected.of_report(server, report, parameters))
                  for report, parameters in requests(server)]
        check_rows(tables)
        wrong = sum(check_format(form, tables, server, pathlib.Path(files), readers)
                    for form in options.formats.split(","))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
