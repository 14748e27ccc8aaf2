"""The reports' benchmark: groups with pivots and whole files; with DuckDB and PostgreSQL on the same rows.

Run through bench/run.sh. Prints one line per measurement as it goes, then a table.
"""

import argparse
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import time
from decimal import Decimal

import duckdb

from foundation import Results, percentile, timed
from postgres import Postgres
from queries import FILE_COLUMNS, PAGES, file_query, groups_query

TABLES = ["customers", "memberships", "customer_memberships"]
REPORT = "customer_memberships"
NOW = "2026-06-30T12:00:00Z"  # noon of the last day of the rows
GROUPS = "columns=membership.id,type,status,count,billed_price&pivot=active_by_month&limit=100"
LARGE, SMALL = 1, 2  # the provider with all rows, and one with a twentieth of them
REPEATS = 12
POLL_SECONDS = 0.02
JOB_SECONDS_MAX = 3600


class Bench:
    def __init__(self, options):
        self.rollbook, self.rows = str(pathlib.Path(options.rollbook).resolve()), options.rows
        self.dir = pathlib.Path(options.dir).resolve()
        self.data = self.dir / "data-reports"
        self.made = self.dir / "made"
        self.results = Results()
        self.duck = duckdb.connect()
        self.duck.execute("SET threads = 2; SET TimeZone = 'UTC'")

    # Rows

    def generate(self):
        folder = self.dir / f"rows-{self.rows}-reports"
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            seconds, _ = timed([self.rollbook, "demo", "--shape", "memberships", "--rows", str(self.rows + self.rows // 20),
                                "--providers", "2", "--largest", str(self.rows), "--write", str(partial), "--format", "csv"],
                               stderr=subprocess.DEVNULL)
            partial.rename(folder)
            print(f"  generated in {seconds:.1f} s", flush=True)
        return folder

    def fill(self, folder):
        """A data folder with a mirror, and DuckDB's own tables from that mirror's segments."""
        shutil.rmtree(self.data, ignore_errors=True)
        for provider in (LARGE, SMALL):
            timed([self.rollbook, "provider", "create", "--data", str(self.data), "--id", str(provider),
                   "--name", f"Provider {provider}", "--timezone", "UTC", "--currency", "usd"])
            files = [str(folder / f"provider-{provider}" / f"{table}.csv") for table in TABLES]
            timed([self.rollbook, "import", "--data", str(self.data), "--provider", str(provider), *files],
                  stderr=subprocess.DEVNULL)
        timed([self.rollbook, "mirror", "rebuild", "--data", str(self.data)], stderr=subprocess.DEVNULL)
        (self.data / "rollbook.toml").write_text("[rate_limit]\nper_minute = 0\n[reports]\ntimeout_s = 600\n")
        path = self.dir / "reports.duckdb"
        path.unlink(missing_ok=True)
        self.duck.execute(f"ATTACH '{path}' AS own")
        for table in TABLES:
            segments = f"read_parquet('{self.data}/mirror/{table}-*.parquet')"
            self.duck.execute(f"CREATE VIEW parquet_{table} AS FROM {segments}")
            instants = [name for name, kind, *_ in self.duck.execute(f"DESCRIBE parquet_{table}").fetchall()
                        if kind == "TIMESTAMP WITH TIME ZONE"]
            # Without zones DuckDB's dates of instants cost it next to nothing.
            plain = ", ".join(f"{name} AT TIME ZONE 'UTC' AS {name}" for name in instants)
            self.duck.execute(f"CREATE TABLE own.{table} AS SELECT * REPLACE ({plain}) FROM parquet_{table}")
        self.duck.execute("CHECKPOINT own")

    def peers(self):
        """Name and answer of a query, and whether instants have a zone there."""
        peers = {"DuckDB table": ("own.", lambda query: self.duck.execute(query).fetchall(), False),
                 "DuckDB Parquet": ("parquet_", lambda query: self.duck.execute(query).fetchall(), True)}
        if self.postgres:
            peers["PostgreSQL"] = ("", self.postgres.rows, True)
        return peers

    # The server

    def serve(self):
        self.token = subprocess.check_output(
            [self.rollbook, "token", "create", "--data", str(self.data), "--provider", str(LARGE), "--provider", str(SMALL)],
            text=True).strip()
        self.server = subprocess.Popen([self.rollbook, "serve", "--data", str(self.data), "--listen", "127.0.0.1:0"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        address = next(line for line in self.server.stdout if "http://" in line)
        self.port = int(address.split("http://127.0.0.1:")[1].split()[0].strip("/"))
        self.connect()
        # What later work leaves behind is not idle memory.
        self.ask("GET", f"/api/v2/reports/{REPORT}/data?limit=0", LARGE)
        self.idle = self.memory("VmRSS")

    def connect(self):
        """Anew: the server closes a connection that was idle while a peer worked."""
        self.client = http.client.HTTPConnection("127.0.0.1", self.port)

    def ask(self, method, path, provider, body=None):
        headers = {"Authorization": f"Token {self.token}", "TeamUp-Provider-ID": str(provider),
                   "Content-Type": "application/json"}
        self.client.request(method, path, body, headers)
        answer = self.client.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {text[:400]}")
        return json.loads(text, parse_float=Decimal)

    def memory(self, field):
        """MiB of the server: VmRSS is now, VmHWM the peak."""
        status = pathlib.Path(f"/proc/{self.server.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith(field)).split()[1]) / 1024

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.server.pid}/clear_refs").write_text("5")

    # Pages

    def pages(self):
        for provider, whose in ((LARGE, "all"), (SMALL, "one provider's")):
            for name, report, parameters, queries in PAGES:
                path = f"/api/v2/reports/{report}/data?{parameters}&as_of={NOW}"
                self.connect()
                total = self.ask("GET", path, provider)["total"]
                spent = [seconds(lambda: self.ask("GET", path, provider)) * 1000 for _ in range(REPEATS)]
                measured = {}
                for peer, (tables, rows, _) in self.peers().items() if queries else ():
                    count, page = (query.format(tables=tables, provider=provider) for query in queries)
                    equal(f"{peer}, {name}, total", total, rows(count)[0][0])
                    repeats = 3 if peer == "PostgreSQL" else REPEATS
                    times = [seconds(lambda: (rows(count), rows(page))) * 1000 for _ in range(repeats)]
                    measured[peer] = percentile(times, 0.5)
                self.results.add(f"{name}, of {whose} rows, p50", percentile(spent, 0.5), "ms", measured)

    # Groups

    def groups(self):
        for provider, name in ((LARGE, "all"), (SMALL, "one provider's")):
            for months in (4, 12):
                path = f"/api/v2/reports/{REPORT}.grouped/data?{GROUPS}&max_pivot_columns={months}&as_of={NOW}"
                self.connect()
                page = self.ask("GET", path, provider)
                ours = sorted(group_of(row) for row in page["rows"])
                if len(ours) != page["total"]:
                    raise SystemExit(f"{page['total']} groups do not fit a page")
                self.forget_peak()
                spent = [seconds(lambda: self.ask("GET", path, provider)) * 1000 for _ in range(REPEATS)]
                peak = self.memory("VmHWM")
                measured = {}
                for peer, (tables, rows, has_zone) in self.peers().items():
                    query = groups_query(f"{tables}{REPORT}", provider, months, has_zone)
                    equal(f"{peer}, groups, {months} months", ours, sorted(map(tuple, rows(query))))
                    repeats = 3 if peer == "PostgreSQL" else REPEATS
                    times = [seconds(lambda: rows(query)) * 1000 for _ in range(repeats)]
                    measured[peer] = percentile(times, 0.5)
                label = f"groups of {name} rows, {months} months"
                self.results.add(f"{label}, p50", percentile(spent, 0.5), "ms", measured)
                self.results.add(f"{label}, slowest of {REPEATS}", max(spent), "ms")
                self.results.add(f"{label}, memory above idle", peak - self.idle, "MiB")

    # Files

    def job(self, form, after):
        """Seconds from request to finished file, MiB above idle, and the file's size and link."""
        self.connect()
        self.forget_peak()
        body = json.dumps({"columns": FILE_COLUMNS, "sort": "id", "id_gt": after, "format": form, "as_of": NOW})
        begin = time.perf_counter()
        number = self.ask("POST", f"/api/v2/reports/{REPORT}/export", LARGE, body)["job"]
        while time.perf_counter() - begin < JOB_SECONDS_MAX:
            job = self.ask("GET", f"/api/v2/jobs/{number}", LARGE)
            if job["status"] not in ("queued", "running"):
                break
            time.sleep(POLL_SECONDS)
        spent = time.perf_counter() - begin
        if job["status"] != "succeeded":
            raise SystemExit(f"job {number}: {job}")
        return spent, self.memory("VmHWM") - self.idle, job

    def command(self, form, after):
        """The file that `rollbook report` makes, seconds, and its peak MiB."""
        path = self.made / f"report.{form}"
        spent, peak = timed([self.rollbook, "report", "--data", str(self.data), "--provider", str(LARGE), REPORT,
                             "--columns", FILE_COLUMNS, "--sort", "id", "--filter", f"id_gt={after}",
                             "--as-of", NOW, "--output", str(path)], stderr=subprocess.DEVNULL)
        return path, spent, peak

    def files(self):
        count = min(self.rows, 1_000_000)
        after = self.rows - count
        checks = {form: self.check_file(*self.command(form, after), form, count) for form in ("csv", "parquet", "ndjson", "xlsx")}
        for form, (by_command, command_peak) in checks.items():
            spent, above_idle, job = self.job(form, after)
            if job["total_items"] != count:
                raise SystemExit(f"{form}: {job['total_items']} rows instead of {count}")
            peers = self.peer_files(form, after, count)
            name = f"file of {count:,} rows, {form}"
            self.results.add(name, spent, "s", peers)
            self.results.add(f"{name}, rollbook report", by_command, "s", peers)
            self.results.add(f"{name}, memory above idle", above_idle, "MiB")
            self.results.add(f"{name}, rollbook report, peak", command_peak, "MiB")
        for form in ("csv", "parquet"):
            spent, above_idle, job = self.job(form, 0)
            name = f"file of {job['total_items']:,} rows, {form}"
            self.results.add(name, spent, "s", self.peer_files(form, 0, self.rows, ("DuckDB Parquet",)))
            self.results.add(f"{name}, memory above idle", above_idle, "MiB")

    def check_file(self, path, spent, peak, form, count):
        """Rows and sum of a file as DuckDB reads it."""
        if form != "xlsx":
            price = {"csv": '"Billed Price"', "parquet": "billed_price", "ndjson": "billed_price.decimal"}[form]
            read = {"csv": "read_csv", "parquet": "read_parquet", "ndjson": "read_json"}[form]
            found = self.duck.execute(f"SELECT count(*), sum({price}::DECIMAL(18, 2)) FROM {read}('{path}')").fetchone()
            after = self.rows - count
            wanted = self.duck.execute(f"SELECT count(*), sum(billed_price)::DECIMAL(38, 2) / 100 FROM own.{REPORT}"
                                       f" WHERE provider_id = {LARGE} AND id > {after}").fetchone()
            if found[0] != wanted[0] or float(found[1]) != float(wanted[1]):
                raise SystemExit(f"{form}: {found} instead of {wanted}")
        return spent, peak

    def peer_files(self, form, after, count, only=None):
        """Seconds in which others write the same file; none for a format that they do not have."""
        measured = {}
        options = {"csv": "FORMAT csv, HEADER", "parquet": "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 131072",
                   "ndjson": "FORMAT json"}.get(form)
        for peer, (tables, rows, has_zone) in self.peers().items():
            if only and peer not in only or options is None or peer == "PostgreSQL" and form != "csv":
                continue
            query = file_query(tables, REPORT, LARGE, after, has_zone)
            path = self.made / f"peer.{form}"
            if peer == "PostgreSQL":
                measured[peer] = seconds(lambda: self.postgres.copy(query, path))
            else:
                measured[peer] = seconds(lambda: rows(f"COPY ({query}) TO '{path}' ({options})"))
            if form == "csv":
                with open(path, "rb") as lines:
                    written = sum(chunk.count(b"\n") for chunk in iter(lambda: lines.read(1 << 20), b""))
                equal(f"{peer}, lines", written, count + 1)
        return measured

    def run(self):
        print(f"{self.rows:,} rows of {REPORT} of one provider, {self.rows // 20:,} of another, {os.cpu_count()} cores,"
              f" load {os.getloadavg()[0]:.1f}", flush=True)
        self.made.mkdir(parents=True, exist_ok=True)
        folder = self.generate()
        self.fill(folder)
        self.postgres = Postgres.of_csv(self.dir, folder, TABLES, self.duck)
        try:
            self.serve()
            self.pages()
            self.groups()
            self.files()
        finally:
            if self.postgres:
                self.postgres.stop()
            if hasattr(self, "server"):
                self.server.terminate()
                self.server.wait()
        self.results.print(self.dir / "reports.json")
        print(f"load {os.getloadavg()[0]:.1f}")


def seconds(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def group_of(row):
    """A group as SQL gives it: dimensions, count, minor units, and both for each period."""
    def measures(cell):
        return cell["count"], int(cell["billed_price"]["decimal"] * 100)
    periods = [number for period in row["pivot"].values() for number in measures(period)]
    return (row["membership"]["id"], row["type"], row["status"], *measures(row), *periods)


def equal(what, ours, theirs):
    if ours != theirs:
        raise SystemExit(f"{what}: theirs\n{str(theirs)[:1000]}\nours\n{str(ours)[:1000]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rollbook", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--rows", type=int, default=10_000_000)
    Bench(parser.parse_args()).run()


if __name__ == "__main__":
    main()
