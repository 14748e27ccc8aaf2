"""PostgreSQL as the store beside SQLite: import, pages, files, and two nodes beside one.

    stores.py --rollbook PATH --dir FOLDER [--rows 1000000]

Run through bench/run.sh. Needs PostgreSQL's server programs, and to be root. Prints one line per
measurement as it goes, then a table.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import time

import duckdb
from foundation import FILTER, PAGES, TABLE, WRITES, Results, percentile, timed
from postgres import TYPES, Postgres
from queries import FILE_COLUMNS

PROVIDER = 1
JOBS = 6  # files that one node, then two, are asked for at once
DONE = ("succeeded", "failed", "canceled")
SETTINGS = "[rate_limit]\nper_minute = 0\n[jobs]\nwaiting_per_provider = 100\nparallel_per_provider = 100\n"
# One processor for each node, so that two of them are what two small machines would be.
NODE = "max_running = 1\n[engine]\nthreads = 1\n"


class Client:
    """One connection to a server."""

    def __init__(self, address, token):
        self.connection = http.client.HTTPConnection(address)
        self.headers = {"Authorization": f"Token {token}"}

    def ask(self, method, path, body=None, kind="application/json"):
        self.connection.request(method, path, body, {**self.headers, "Content-Type": kind})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {text[:400]}")
        return json.loads(text)

    def page(self):
        return self.ask("GET", f"/api/v2/reports/{TABLE}/data?{FILTER}")

    def queue(self):
        return self.ask("POST", f"/api/v2/reports/{TABLE}/export", json.dumps({"columns": FILE_COLUMNS, "format": "csv"}))["job"]

    def wait(self, jobs):
        """Until all have succeeded."""
        waiting = list(jobs)
        while waiting:
            job = self.ask("GET", f"/api/v2/jobs/{waiting[0]}")
            if job["status"] not in DONE:
                time.sleep(0.02)
            elif job["status"] != "succeeded":
                raise SystemExit(f"job {job['id']} is {job['status']}: {job['error_code']}")
            else:
                waiting.pop(0)

    def write(self, number):
        row = json.dumps({"id": 1, "billed_price": 10_000_000 + number})
        self.ask("POST", f"/api/v1/import/{TABLE}", row, "application/x-ndjson")


def seconds_of(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


class Bench:
    def __init__(self, options):
        self.options = options
        self.dir = pathlib.Path(options.dir) / "stores"
        self.dir.mkdir(parents=True, exist_ok=True)
        self.rows = self.dir / f"rows-{options.rows}"
        self.results = Results()
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        if not found or shutil.which("runuser") is None:
            raise SystemExit("PostgreSQL's server programs are not installed")
        self.postgres = Postgres(found[-1], self.dir / "postgres")

    def rollbook(self, *arguments):
        return [self.options.rollbook, *map(str, arguments)]

    def generate(self):
        if not self.rows.exists():
            partial = self.rows.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            timed(self.rollbook("demo", "--shape", "memberships", "--rows", self.options.rows, "--providers", 1,
                                "--largest", self.options.rows, "--write", partial, "--format", "csv"))
            partial.rename(self.rows)
        self.files = sorted((self.rows / "provider-1").glob("*.csv"))
        self.big = next(path for path in self.files if path.stem == TABLE)

    def node(self, name, further="", is_shared=False):
        """An empty data folder; with `is_shared` over the database."""
        data = self.dir / name
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        settings = SETTINGS + further
        if is_shared:
            settings += f'[store]\nurl = "{self.url}"\n[files]\ndir = "{self.dir / "files"}"\n'
        (data / "rollbook.toml").write_text(settings)
        return data

    def fill(self, data):
        """Imports the parents, then the big table: seconds of the latter, and peak memory."""
        timed(self.rollbook("provider", "create", "--data", data, "--id", PROVIDER, "--name", "Bench"))
        into = ("import", "--data", data, "--provider", PROVIDER)
        parents = [path for path in self.files if path != self.big]
        timed(self.rollbook(*into, *parents), stderr=subprocess.DEVNULL)
        return timed(self.rollbook(*into, self.big), stderr=subprocess.DEVNULL)

    def copy(self):
        """Seconds of COPY of the file into a table of its columns with the same key."""
        duck = duckdb.connect()
        described = duck.execute(f"DESCRIBE SELECT * FROM read_csv('{self.big}')").fetchall()
        columns = ", ".join(f"{name} {TYPES.get(kind, 'text')}" for name, kind, *_ in described)
        names = ", ".join(name for name, *_ in described)
        self.postgres.run(f"CREATE TABLE plain (provider_id bigint DEFAULT 1, {columns}, PRIMARY KEY (provider_id, id))")
        return seconds_of(lambda: self.postgres.run(f"\\copy plain ({names}) FROM '{self.big}' WITH (FORMAT csv, HEADER)"))

    def copy_stored(self):
        """Seconds of COPY of what the store has made of them into the same table with the same indexes."""
        made = self.dir / "postgres" / "stored"
        within = f'psql -h {self.dir / "postgres"} -d rollbook -q -v ON_ERROR_STOP=1 -c'.split()
        self.postgres.as_postgres(*within, f"COPY {TABLE} TO '{made}' (FORMAT binary)")
        self.postgres.as_postgres(*within, f"CREATE TABLE peer (LIKE {TABLE} INCLUDING ALL)")
        return seconds_of(lambda: self.postgres.as_postgres(*within, f"COPY peer FROM '{made}' (FORMAT binary)"))

    def imports(self):
        """Data folders of both stores, filled."""
        here, there = self.node("sqlite"), self.node("api", "work_in_server = false\n", is_shared=True)
        rows = self.options.rows
        in_sqlite, _ = self.fill(here)
        in_postgres, peak = self.fill(there)
        database = int(self.postgres.run("SELECT pg_database_size('rollbook')"))
        peers = {"COPY": self.copy(), "COPY, same table and indexes": self.copy_stored(), "SQLite": in_sqlite}
        peers = {name: rows / seconds for name, seconds in peers.items()}
        self.results.add("import csv into PostgreSQL", rows / in_postgres, "rows/s", peers, smaller_is_better=False)
        self.results.add("import, peak memory", peak, "MiB")
        self.results.add("database, per row of the table", database / rows, "bytes",
                         {"SQLite": (here / "rollbook.db").stat().st_size / rows})
        for data in (here, there):
            timed(self.rollbook("mirror", "rebuild", "--data", data), stderr=subprocess.DEVNULL)
        return here, there

    @contextlib.contextmanager
    def process(self, command, data, *further):
        """A server's client, or none for a worker."""
        child = subprocess.Popen(self.rollbook(command, "--data", data, *further), stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True)
        try:
            line = child.stdout.readline()
            if command == "serve":
                token = subprocess.check_output(
                    self.rollbook("token", "create", "--data", data, "--provider", PROVIDER), text=True).strip()
                yield Client(line.split("http://")[1].split()[0].strip("/"), token)
            else:
                yield None
        finally:
            child.terminate()
            child.wait()

    def reads(self, data):
        """Milliseconds of pages, of pages after a write, and seconds of a file."""
        with self.process("serve", data, "--set", "jobs.work_in_server=true", "--listen", "127.0.0.1:0") as client:
            client.page()
            pages = [seconds_of(client.page) * 1000 for _ in range(PAGES)]
            after = []
            for number in range(WRITES):
                client.write(number)
                after.append(seconds_of(client.page) * 1000)
            file = seconds_of(lambda: client.wait([client.queue()]))
        return {"page of 50, filter + sort": pages, "page right after a write": after}, file

    def compare_reads(self, here, there):
        (of_sqlite, sqlite_file), (of_postgres, postgres_file) = self.reads(here), self.reads(there)
        for name in of_postgres:
            for share, what in ((0.5, "p50"), (0.99, "p99")):
                self.results.add(f"{name}, {what}", percentile(of_postgres[name], share), "ms",
                                 {"SQLite": percentile(of_sqlite[name], share)})
        self.results.add("file of all rows, csv", postgres_file, "s", {"SQLite": sqlite_file})

    def nodes(self, api):
        """Files a minute that two workers make, beside one."""
        workers = [self.node(f"worker-{number}", NODE, is_shared=True) for number in (1, 2)]
        for data in workers:
            timed(self.rollbook("mirror", "rebuild", "--data", data), stderr=subprocess.DEVNULL)
        made = {}
        with contextlib.ExitStack() as running:
            client = running.enter_context(self.process("serve", api, "--listen", "127.0.0.1:0"))
            for count, data in enumerate(workers, 1):
                running.enter_context(self.process("worker", data))
                client.wait([client.queue() for _ in range(count * 2)])
                made[count] = seconds_of(lambda: client.wait([client.queue() for _ in range(JOBS)]))
        a_minute = {count: JOBS * 60 / seconds for count, seconds in made.items()}
        self.results.add("files by two nodes", a_minute[2], "per min", {"one node": a_minute[1]}, smaller_is_better=False)

    def run(self):
        print(f"{self.options.rows:,} rows of {TABLE}, {os.cpu_count()} cores", flush=True)
        self.generate()
        self.postgres.start()
        try:
            self.dir.parent.chmod(0o755)
            self.postgres.run("CREATE DATABASE rollbook")
            socket = str(self.dir / "postgres").replace("/", "%2F")
            self.url = f"postgres://postgres@{socket}/rollbook"
            shutil.rmtree(self.dir / "files", ignore_errors=True)
            here, there = self.imports()
            self.compare_reads(here, there)
            self.nodes(there)
            self.results.print(self.dir / "stores.json")
        finally:
            self.postgres.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rollbook", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    Bench(parser.parse_args()).run()


if __name__ == "__main__":
    main()
