"""The benchmark of membership usage: single calls, a thousand at once, and the report.

    python3 bench/usage.py --rollbook target/release/rollbook --dir /tmp/rollbook-bench \\
        [--memberships 1000000] [--attendances 10000000]

One provider, made-up records: each membership allows 8 uses a month, 3 of them HIIT, or 10 in a lifetime, or
anything; every twentieth has a hold, every fiftieth limits of its own. Attendances fall on three months.
"""

import argparse
import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import shutil
import subprocess
import time

CALLS = 5000
BULK_CALLS = 50
PAGES = 50
SLOW_PAGES = 5
CLIENTS = 4
DATE = "2026-03-20"
REPORT = "/api/v2/reports/customer_membership_usage/data"
CHUNK = 100_000
EVENTS_SHARE = 10  # attendances of one event

PLANS = [
    (1, "recurring", {"period_limits": [{"period": "month", "max_uses": 8, "offering_type_limits": [
        {"offering_type": 12, "max_uses": 3}]}]}),
    (2, "pack", {"period_limits": [{"period": "lifetime", "max_uses": 10}]}),
    (3, "recurring", {}),
]
OWN_LIMITS = {"period_limits": [{"period": "week", "max_uses": 2}, {"period": "month", "max_uses": 6}]}


def timed(command, **options):
    """Seconds of a command."""
    begin = time.perf_counter()
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, **options)
    return time.perf_counter() - begin


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def show(name, value, unit, aim=""):
    print(f"{name:<52} {value:>14,.2f} {unit:<11}{aim}", flush=True)


class Client:
    """One connection that stays open."""

    def __init__(self, port, token):
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.headers = {"Authorization": f"Token {token}"}

    def ask(self, method, path, body=None):
        """The answer's text and its milliseconds."""
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        begin = time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        spent = (time.perf_counter() - begin) * 1000
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {text[:400]}")
        return text, spent


def usage_path(number):
    return f"/api/v2/customer_memberships/{number}/usage?date={DATE}"


def call_many(port, token, memberships, seed, calls):
    """Run in a process of its own: so many calls, one after the other; their milliseconds."""
    chance, client = random.Random(seed), Client(port, token)
    return [client.ask("GET", usage_path(chance.randint(1, memberships)))[1] for _ in range(calls)]


class Bench:
    def __init__(self, options):
        self.options = options
        self.dir = pathlib.Path(options.dir) / f"usage-{options.memberships}-{options.attendances}"
        self.rows, self.data = self.dir / "rows", self.dir / "data"

    def rollbook(self, *arguments):
        return [self.options.rollbook, *map(str, arguments)]

    def generate(self):
        """One CSV file per table."""
        if self.rows.exists():
            return
        partial = self.rows.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        members, attendances = self.options.memberships, self.options.attendances
        events, chance = max(1, attendances // EVENTS_SHARE), random.Random(1)

        def write(table, header, lines):
            with open(partial / f"{table}.csv", "w", encoding="utf-8") as out:
                out.write(header + "\n")
                chunk = []
                for line in lines:
                    chunk.append(line)
                    if len(chunk) == CHUNK:
                        out.write("\n".join(chunk) + "\n")
                        chunk.clear()
                if chunk:
                    out.write("\n".join(chunk) + "\n")

        def quoted(value):
            return '"' + json.dumps(value).replace('"', '""') + '"'

        own = quoted(OWN_LIMITS)
        write("offering_types", "id,name", ["12,HIIT", "13,Yoga"])
        write("memberships", "id,name,type,price,currency,allotment",
              [f"{number},Plan {number},{kind},4500,gbp,{quoted(allotment)}" for number, kind, allotment in PLANS])
        write("customers", "id,name", (f"{n},Customer {n}" for n in range(1, members + 1)))
        write("customer_memberships",
              "id,customer_id,membership_id,status,purchased_at,start_date,billed_price,currency,custom_allotment",
              (f"{n},{n},{1 + n % 3},active,2025-06-{1 + n % 28:02}T10:00:00Z,2025-06-{1 + n % 28:02},4500,gbp,"
               f"{own if n % 50 == 0 else ''}" for n in range(1, members + 1)))
        write("customer_membership_holds", "id,customer_membership_id,start_date,end_date",
              (f"{n},{n * 20},2026-03-{1 + n % 20:02},2026-03-{5 + n % 20:02}" for n in range(1, members // 20 + 1)))

        def starts(n):
            return f"2026-{1 + n % 3:02}-{1 + n % 28:02}T{6 + n % 14:02}:00:00Z"

        write("events", "id,offering_type_id,name,starts_at,ends_at",
              (f"{n},{12 + n % 2},Class,{starts(n)},{starts(n)}" for n in range(1, events + 1)))

        def attendance(n):
            owner = chance.randint(1, members)
            return f"{n},{owner},{1 + (n - 1) % events},{owner},{'no_show' if n % 25 == 0 else 'attended'}"

        write("attendances", "id,customer_id,event_id,customer_membership_id,status",
              (attendance(n) for n in range(1, attendances + 1)))
        partial.rename(self.rows)

    def load(self):
        if self.data.exists():
            return
        partial = self.data.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        timed(self.rollbook("provider", "create", "--data", partial, "--id", 1, "--name", "Studio"))
        seconds = timed(self.rollbook("import", "--data", partial, "--provider", 1, self.rows),
                        stderr=subprocess.DEVNULL)
        show("import of everything in one commit", seconds, "s")
        timed(self.rollbook("mirror", "rebuild", "--data", partial), stderr=subprocess.DEVNULL)
        (partial / "rollbook.toml").write_text("[rate_limit]\nper_minute = 0\n[reports]\ntimeout_s = 120\n")
        partial.rename(self.data)

    def single(self, port, token):
        members = self.options.memberships
        call_many(port, token, members, 0, CALLS // 5)  # warm
        spent = call_many(port, token, members, 1, CALLS)
        show("usage of one, one connection: p50", percentile(spent, 0.5), "ms")
        show("usage of one, one connection: p99", percentile(spent, 0.99), "ms", "aim: under 5")
        begin = time.perf_counter()
        with concurrent.futures.ProcessPoolExecutor(CLIENTS) as pool:
            runs = [pool.submit(call_many, port, token, members, 2 + n, CALLS) for n in range(CLIENTS)]
            spent = [each for run in runs for each in run.result()]
        seconds = time.perf_counter() - begin
        show(f"usage of one, {CLIENTS} connections: requests", len(spent) / seconds, "requests/s")
        show(f"usage of one, {CLIENTS} connections: p99", percentile(spent, 0.99), "ms", "clients on the same cores")

    def bulk(self, client):
        chance, spent = random.Random(3), []
        for _ in range(BULK_CALLS):
            ids = chance.sample(range(1, self.options.memberships + 1), min(1000, self.options.memberships))
            body = json.dumps({"ids": ids, "date": DATE})
            text, ms = client.ask("POST", "/api/v2/customer_memberships/usage", body)
            answer = json.loads(text)
            if len(answer["results"]) != len(ids) or answer["missing"]:
                raise SystemExit("an answer about many lacks some")
            spent.append(ms)
        show("usage of 1,000 in one call: p50", percentile(spent, 0.5), "ms")
        show("usage of 1,000 in one call: p99", percentile(spent, 0.99), "ms", "aim: under 250")

    def report(self, client):
        for name, query, calls, aim in [
            ("page of 50, default sort", "limit=50", PAGES, "aim: under 50"),
            ("page of 50, sorted by the customer's name", "limit=50&sort=customer.name", SLOW_PAGES, ""),
            ("count of all", "limit=0", PAGES, ""),
            ("page of 50, sorted by what is left", "limit=50&sort=remaining_count", SLOW_PAGES, "aim: under 2,000"),
            ("count of the exhausted", "limit=0&is_exhausted=true", SLOW_PAGES, "aim: under 2,000"),
        ]:
            path = f"{REPORT}?date={DATE}&{query}"
            total = json.loads(client.ask("GET", path)[0])["total"]
            spent = [client.ask("GET", path)[1] for _ in range(calls)]
            show(f"report, {name} ({total:,} rows): p50", percentile(spent, 0.5), "ms")
            show(f"report, {name}: p99", percentile(spent, 0.99), "ms", aim)

    def agree(self, client):
        """The report says of some memberships what the single call says."""
        for number in (1, 20, 50, self.options.memberships):
            one = json.loads(client.ask("GET", usage_path(number))[0])["usage_periods"]
            path = (f"{REPORT}?date={DATE}&ids={number}&include_offering_types=false"
                    "&columns=customer_membership_id,period_type,max_uses,used_count,remaining_count,bookable_count")
            rows = json.loads(client.ask("GET", path)[0])["rows"]
            names = ("period_type", "max_uses", "used_count", "remaining_count", "bookable_count")
            found = [[row[name] for name in names] for row in rows if row["period_type"]]
            if found != [[period[name] for name in names] for period in one]:
                raise SystemExit(f"report and call disagree about {number}: {found} {one}")

    def run(self):
        print(f"{self.options.memberships:,} memberships, {self.options.attendances:,} attendances, "
              f"{os.cpu_count()} cores", flush=True)
        self.generate()
        self.load()
        token = subprocess.check_output(
            self.rollbook("token", "create", "--data", self.data, "--provider", 1), text=True).strip()
        server = subprocess.Popen(self.rollbook("serve", "--data", self.data, "--listen", "127.0.0.1:0"),
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            address = next(line for line in server.stdout if "http://" in line)
            port = int(address.split("http://127.0.0.1:")[1].split()[0].strip("/"))
            client = Client(port, token)
            self.single(port, token)
            self.bulk(client)
            self.agree(client)
            self.report(client)
            status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
            peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
            show("server, peak memory", int(peak.split()[1]) / 1024, "MiB")
        finally:
            server.terminate()
            server.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rollbook", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--memberships", type=int, default=1_000_000)
    parser.add_argument("--attendances", type=int, default=10_000_000)
    Bench(parser.parse_args()).run()


if __name__ == "__main__":
    main()
