"""Exports of invoices in every format, beside DuckDB's COPY of the same rows and columns.

    exports.py --rollbook PATH --dir FOLDER [--rows 1000000]

Needs the duckdb module. Prints seconds from request to finished file, peak memory of the server,
and the ratio to DuckDB (over 1 = Rollbook is faster).
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import time
import urllib.request

import duckdb

COLUMNS = ["id", "number", "customer_id", "customer_email", "customer_first_name", "customer_last_name",
           "customer_name", "status", "currency", "subtotal", "discount", "tax", "total", "amount_paid",
           "date", "due_date", "paid_at", "created_at", "updated_at"]
MONEY = ["subtotal", "discount", "tax", "total", "amount_paid"]
LINES = 3
SETTINGS = "[rate_limit]\nper_minute = 0\n[exports]\nmax_range_months = 0\n"


def run(*command):
    return subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True).stdout


def generate(duck, folder, rows):
    """Customers, invoices and their lines, as Parquet for both sides."""
    folder.mkdir(parents=True, exist_ok=True)
    customers = max(1, rows // 10)
    at = "TIMESTAMPTZ '2024-01-01 00:00:00+00' + INTERVAL (i % 15000000) SECOND"
    tables = {
        "customers": f"SELECT i AS id, 'c' || i || '@example.com' AS email, 'Ann' AS first_name, 'Lee ' || i AS last_name,"
                     f" {at} AS created_at, {at} AS updated_at FROM range(1, {customers + 1}) t(i)",
        "invoices": f"SELECT i AS id, 'INV-' || i AS number, 1 + i % {customers} AS customer_id, 'paid' AS status,"
                    f" 'usd' AS currency, 9000 + i % 1000 AS subtotal, i % 7 AS discount, i % 11 AS tax,"
                    f" 9000 + i % 1000 - i % 7 + i % 11 AS total, 9000 + i % 1000 - i % 7 + i % 11 AS amount_paid,"
                    f" {at} AS date, DATE '2024-03-01' AS due_date, {at} AS paid_at, {at} AS created_at,"
                    f" {at} AS updated_at FROM range(1, {rows + 1}) t(i)",
        "invoice_lines": f"SELECT i AS id, 1 + (i - 1) // {LINES} AS invoice_id, 'Line ' || i AS description,"
                         f" 3000 AS amount, 'usd' AS currency, {at} AS created_at, {at} AS updated_at"
                         f" FROM range(1, {rows * LINES + 1}) t(i)",
    }
    for name, query in tables.items():
        duck.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    return [folder / f"{name}.parquet" for name in tables]


class Server:
    def __init__(self, rollbook, data):
        self.child = subprocess.Popen([rollbook, "serve", "--data", data, "--listen", "127.0.0.1:0"],
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.child.stdout:
            if "http://127.0.0.1:" in line:
                self.address = next(word for word in line.split() if word.startswith("http://127")).rstrip("/")
                break
        self.token = run(rollbook, "token", "create", "--data", data, "--provider", 1).strip()

    def call(self, path, body=None):
        request = urllib.request.Request(self.address + path, data=body and json.dumps(body).encode())
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def export(self, **fields):
        """Seconds from request to finished file, and the export."""
        body = {"object": "invoices", "date_from": 0, "date_to": 4102444800, **fields}
        begin = time.perf_counter()
        uuid = self.call("/api/v1/core/exports", body)["uuid"]
        while True:
            export = self.call(f"/api/v1/core/exports/{uuid}/status")["data"]
            if export["state"] not in ("queued", "processing"):
                break
            time.sleep(0.02)
        if export["state"] != "completed":
            raise SystemExit(f"the export ended as {export['state']}: {export['failed_reason']}")
        return time.perf_counter() - begin, export

    def peak_mib(self):
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def peer(duck, folder, target, form, with_lines):
    """Seconds of DuckDB's COPY of the same rows and columns from Parquet."""
    own = {"customer_email": "c.email", "customer_first_name": "c.first_name", "customer_last_name": "c.last_name",
           "customer_name": "c.first_name || ' ' || c.last_name"}
    columns = [f"({own[name]}) AS {name}" if name in own
               else f"(i.{name} / 100)::DECIMAL(18,2) AS {name}" if name in MONEY and form == "csv"
               else f"i.{name}" for name in COLUMNS]
    lines = ""
    if with_lines:
        columns.append("l.items AS line_items")
        lines = (f" LEFT JOIN (SELECT invoice_id, to_json(list({{'id': id, 'description': description, 'amount': amount}}"
                 f" ORDER BY id)) AS items FROM '{folder}/invoice_lines.parquet' GROUP BY invoice_id) l"
                 f" ON l.invoice_id = i.id")
    options = {"csv": "FORMAT csv, HEADER", "ndjson": "FORMAT json", "parquet": "FORMAT parquet, COMPRESSION zstd"}
    begin = time.perf_counter()
    duck.execute(f"COPY (SELECT {', '.join(columns)} FROM '{folder}/invoices.parquet' i"
                 f" LEFT JOIN '{folder}/customers.parquet' c ON c.id = i.customer_id{lines} ORDER BY i.id)"
                 f" TO '{target}.{form}' ({options[form]})")
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rollbook", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    folder = pathlib.Path(options.dir)
    duck = duckdb.connect()
    duck.execute("SET threads = 2; SET TimeZone = 'UTC'")
    files = generate(duck, folder / "rows", options.rows)
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    run(options.rollbook, "provider", "create", "--data", data, "--id", 1, "--name", "Bench", "--currency", "usd")
    for path in files:
        run(options.rollbook, "import", "--data", data, "--provider", 1, path)
    (data / "rollbook.toml").write_text(SETTINGS)
    run(options.rollbook, "mirror", "refresh", "--data", data)
    server = Server(options.rollbook, data)
    try:
        idle = server.peak_mib()
        print(f"{options.rows:,} invoices; server idle {idle:,.0f} MiB")
        for name, form, with_lines, fields in [
            ("csv", "csv", False, {}), ("ndjson", "ndjson", False, {}), ("parquet", "parquet", False, {}),
            ("xlsx", "xlsx", False, {}), ("csv with line_items", "csv", True, {}),
            ("csv, row_per=line", "csv", None, {"row_per": "line"}),
        ]:
            columns = None if with_lines is None else COLUMNS + (["line_items"] if with_lines else [])
            if columns:
                fields = {**fields, "columns": columns}
            seconds, export = server.export(format=form, **fields)
            shown = f"{name:<22} {seconds:8.2f} s  {export['bytes'] / 2**20:10,.1f} MiB  peak {server.peak_mib():,.0f} MiB"
            if form != "xlsx" and with_lines is not None:
                other = peer(duck, folder / "rows", folder / "peer", form, with_lines)
                shown += f"  DuckDB {other:.2f} s ({other / seconds:.2f}x)"
            print(shown, flush=True)
    finally:
        server.child.terminate()
        server.child.wait()


main()
