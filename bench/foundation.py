"""The foundation's benchmark: import, mirror, pages; with DuckDB and PostgreSQL on the same rows.

Run through bench/run.sh. Prints one line per measurement as it goes, then a table.
"""

import argparse
import glob
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import time

import duckdb

PROVIDER = 1  # owns the share that pages are asked of
PAGES = 200
WRITES = 50
FILTER = ("columns=id,customer_id,membership_id,status,purchase_date,expiration_date,billed_price"
          "&types=recurring&start_date_gte=2026-01-01&sort=-billed_price,id&limit=50")
TABLE = "customer_memberships"


class Results:
    """Lines of the final table: name, ours, peers."""

    def __init__(self):
        self.lines = []

    def add(self, name, ours, unit, peers=None, smaller_is_better=True):
        self.lines.append((name, ours, unit, peers or {}, smaller_is_better))
        print(f"  {name}: {ours:,.1f} {unit}"
              + "".join(f"; {peer} {value:,.1f}" for peer, value in (peers or {}).items()), flush=True)

    def print(self, path):
        """Prints the table, and writes it as JSON."""
        lines = [{"name": name, "rollbook": ours, "unit": unit, "peers": peers, "smaller_is_better": smaller}
                 for name, ours, unit, peers, smaller in self.lines]
        path.write_text(json.dumps(lines, indent=1) + "\n")
        print(f"\n{'what':<58} {'rollbook':>14} {'unit':<7} peers (ratio: over 1 = Rollbook is better)")
        for name, ours, unit, peers, smaller in self.lines:
            shown = []
            for peer, value in peers.items():
                ratio = value / ours if smaller else ours / value
                shown.append(f"{peer} {value:,.1f} ({ratio:.2f}x)")
            print(f"{name:<58} {ours:>14,.1f} {unit:<7} {'; '.join(shown)}")


def timed(command, **options):
    """Seconds and peak MiB of a command."""
    begin = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - begin
    if status != 0:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    return seconds, usage.ru_maxrss / 1024


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Bench:
    def __init__(self, options):
        self.options = options
        self.dir = pathlib.Path(options.dir)
        self.results = Results()
        self.duck = duckdb.connect()
        self.duck.execute("SET threads = 2")

    def rollbook(self, *arguments):
        return [self.options.rollbook, *map(str, arguments)]

    def generate(self):
        for form in ("csv", "ndjson"):
            folder = self.dir / f"rows-{self.options.rows}-{form}"
            if not folder.exists():
                partial = folder.with_suffix(".partial")
                shutil.rmtree(partial, ignore_errors=True)
                seconds, _ = timed(self.rollbook("demo", "--shape", "memberships", "--rows",
                                                 self.options.rows, "--providers", 20, "--largest",
                                                 self.options.rows // 20, "--write", partial,
                                                 "--format", form))
                partial.rename(folder)
                print(f"  generated {form} in {seconds:.1f} s", flush=True)

    def providers(self, form):
        return sorted((self.dir / f"rows-{self.options.rows}-{form}").glob("provider-*"),
                      key=lambda path: int(path.name.split("-")[1]))

    def import_all(self, form):
        """Imports parents first, untimed, then the big table, timed; the data folder and the figures."""
        data = self.dir / f"data-{form}"
        shutil.rmtree(data, ignore_errors=True)
        seconds, peak = 0.0, 0.0
        for folder in self.providers(form):
            provider = folder.name.split("-")[1]
            timed(self.rollbook("provider", "create", "--data", data, "--id", provider, "--name", folder.name))
            parents = [path for path in sorted(folder.iterdir()) if path.stem != TABLE]
            timed(self.rollbook("import", "--data", data, "--provider", provider, *parents), stderr=subprocess.DEVNULL)
        for folder in self.providers(form):
            provider = folder.name.split("-")[1]
            spent, memory = timed(
                self.rollbook("import", "--data", data, "--provider", provider, folder / f"{TABLE}.{form}"),
                stderr=subprocess.DEVNULL)
            seconds += spent
            peak = max(peak, memory)
        return data, seconds, peak

    def duckdb_import(self, form):
        files = [str(folder / f"{TABLE}.{form}") for folder in self.providers(form)]
        reader = "read_csv" if form == "csv" else "read_json"
        options = ", filename = true" + (", format = 'newline_delimited'" if form == "ndjson" else "")
        path = self.dir / f"peer-{form}.duckdb"
        path.unlink(missing_ok=True)
        begin = time.perf_counter()
        self.duck.execute(f"ATTACH '{path}' AS peer_{form}")
        self.duck.execute(f"CREATE TABLE peer_{form}.{TABLE} AS SELECT * EXCLUDE filename,"
                          f" regexp_extract(filename, 'provider-(\\d+)', 1)::BIGINT AS provider_id"
                          f" FROM {reader}({files}{options})")
        self.duck.execute(f"CHECKPOINT peer_{form}")
        return time.perf_counter() - begin

    def postgres_import(self):
        """Seconds of COPY of the CSV files into a table with the same key and types; none without PostgreSQL."""
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not found or shutil.which("runuser") is None:
            return None
        programs, cluster = found[-1], self.dir / "postgres"
        shutil.rmtree(cluster, ignore_errors=True)
        cluster.mkdir()
        shutil.chown(cluster, "postgres", "postgres")
        self.dir.chmod(0o755)

        def as_postgres(*command, **options):
            return subprocess.run(["runuser", "-u", "postgres", "--", *map(str, command)], check=True,
                                  stdout=subprocess.DEVNULL, **options)

        as_postgres(f"{programs}/initdb", "-D", cluster / "data", "-A", "trust")
        settings = f"-k {cluster} -c listen_addresses= -c max_wal_size=8GB -c shared_buffers=1GB"
        as_postgres(f"{programs}/pg_ctl", "-D", cluster / "data", "-o", settings, "-w", "-l", cluster / "log", "start")
        try:
            described = self.duck.execute(f"DESCRIBE peer_csv.{TABLE}").fetchall()
            types = {"BIGINT": "bigint", "DATE": "date", "BOOLEAN": "boolean",
                     "TIMESTAMP": "timestamptz", "TIMESTAMP WITH TIME ZONE": "timestamptz"}
            columns = [(name, types.get(kind, "text")) for name, kind, *_ in described if name != "provider_id"]
            ddl = ", ".join(f"{name} {kind}" for name, kind in columns)
            psql = ["psql", "-h", cluster, "-q", "-d", "postgres", "-v", "ON_ERROR_STOP=1"]
            script = [f"CREATE TABLE {TABLE} (provider_id bigint, {ddl}, PRIMARY KEY (provider_id, id));"]
            for folder in self.providers("csv"):
                provider = folder.name.split("-")[1]
                names = ", ".join(name for name, _ in columns)
                script += [f"ALTER TABLE {TABLE} ALTER provider_id SET DEFAULT {provider};",
                           f"\\copy {TABLE} ({names}) FROM '{folder / TABLE}.csv' WITH (FORMAT csv, HEADER)"]
            begin = time.perf_counter()
            as_postgres(*psql, input="\n".join(script).encode())
            return time.perf_counter() - begin
        finally:
            as_postgres(f"{programs}/pg_ctl", "-D", cluster / "data", "-m", "immediate", "stop")

    def imports(self):
        rows = self.options.rows
        for form in ("csv", "ndjson"):
            data, seconds, peak = self.import_all(form)
            peers = {"DuckDB": rows / self.duckdb_import(form)}
            if form == "csv":
                copy = self.postgres_import()
                if copy:
                    peers["PostgreSQL COPY"] = rows / copy
            self.results.add(f"import {form}", rows / seconds, "rows/s", peers, smaller_is_better=False)
            self.results.add(f"import {form}, peak memory", peak, "MiB")
        return data

    def mirror(self, data):
        seconds, peak = timed(self.rollbook("mirror", "rebuild", "--data", data), stderr=subprocess.DEVNULL)
        self.results.add("mirror build", self.options.rows / seconds, "rows/s")
        self.results.add("mirror build, peak memory", peak, "MiB")

    def pages(self, data):
        (data / "rollbook.toml").write_text("[rate_limit]\nper_minute = 0\n")
        token = subprocess.check_output(
            self.rollbook("token", "create", "--data", data, "--provider", PROVIDER), text=True).strip()
        server = subprocess.Popen(self.rollbook("serve", "--data", data, "--listen", "127.0.0.1:0"),
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            address = next(line for line in server.stdout if "http://" in line)
            port = int(address.split("http://127.0.0.1:")[1].split()[0].strip("/"))
            client = http.client.HTTPConnection("127.0.0.1", port)
            headers = {"Authorization": f"Token {token}"}

            def ask(method, path, body=None, extra=None):
                client.request(method, path, body, {**headers, **(extra or {})})
                answer = client.getresponse()
                text = answer.read()
                if answer.status != 200:
                    raise SystemExit(f"{path}: {answer.status} {text[:400]}")
                return json.loads(text)

            path = f"/api/v2/reports/{TABLE}/data?{FILTER}"
            first = ask("GET", path)
            print(f"  page: total {first['total']:,}", flush=True)
            spent = [self.once(lambda: ask("GET", path)) for _ in range(PAGES)]
            peers = self.duckdb_pages(first["total"])
            for share, name in ((0.5, "p50"), (0.99, "p99")):
                self.results.add(f"page of 50, filter + sort, {name}", percentile(spent, share), "ms",
                                 {peer: percentile(times, share) for peer, times in peers.items()})
            after = []
            for number in range(WRITES):
                row = json.dumps({"id": 1, "billed_price": 10_000_000 + number})
                ask("POST", f"/api/v1/import/{TABLE}", row, {"Content-Type": "application/x-ndjson"})
                after.append(self.once(lambda: ask("GET", path)))
            for share, name in ((0.5, "p50"), (0.99, "p99")):
                self.results.add(f"page right after a write, {name}", percentile(after, share), "ms")
            status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
            peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
            self.results.add("server, peak memory", int(peak.split()[1]) / 1024, "MiB")
        finally:
            server.terminate()
            server.wait()

    @staticmethod
    def once(work):
        begin = time.perf_counter()
        work()
        return (time.perf_counter() - begin) * 1000

    def duckdb_pages(self, expected_total):
        """The same page from DuckDB's own table and from Parquet, total included."""
        parquet = self.dir / "peer.parquet"
        parquet.unlink(missing_ok=True)
        self.duck.execute(f"COPY (SELECT * FROM peer_csv.{TABLE} ORDER BY provider_id, id)"
                          f" TO '{parquet}' (FORMAT parquet, ROW_GROUP_SIZE 131072)")
        where = f"provider_id = {PROVIDER} AND type = 'recurring' AND start_date >= '2026-01-01'"
        columns = ("id, customer_id, membership_id, status, purchased_at, expiration_date, billed_price, currency")
        measured = {}
        for name, source in (("DuckDB table", f"peer_csv.{TABLE}"), ("DuckDB Parquet", f"'{parquet}'")):
            def page():
                total = self.duck.execute(f"SELECT count(*) FROM {source} WHERE {where}").fetchone()[0]
                rows = self.duck.execute(f"SELECT {columns} FROM {source} WHERE {where}"
                                         " ORDER BY billed_price DESC, id LIMIT 50").fetchall()
                return total, rows
            total, _ = page()
            if total != expected_total:
                raise SystemExit(f"{name} counts {total}, Rollbook {expected_total}")
            measured[name] = [self.once(page) for _ in range(PAGES // 4)]
        return measured

    def run(self):
        print(f"{self.options.rows:,} rows of {TABLE}, {os.cpu_count()} cores", flush=True)
        self.generate()
        data = self.imports()
        self.mirror(data)
        self.pages(data)
        self.results.print(self.dir / "foundation.json")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rollbook", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--rows", type=int, default=10_000_000)
    Bench(parser.parse_args()).run()


if __name__ == "__main__":
    main()
