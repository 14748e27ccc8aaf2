"""All attacks of one provider at once, while another one works: how much longer do its page, import,
export and notice take?

Starts a server of its own on the loopback interface. The attacker's connections come from other
loopback addresses than those of the provider that works (Linux). Everything is bounded in number
and in time. Fails when anything takes more than --worst times as long as before, or does not come.

    python3 tests/attack/all_at_once.py --rollbook target/release/rollbook
    python3 tests/attack/all_at_once.py --rollbook … --store-url postgres://…   # an empty database
"""

import argparse
import gzip
import http.client
import http.server
import json
import multiprocessing
import pathlib
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

PAGE = "/api/v2/reports/customers/data?columns=id"
EXPORTS = "/api/v1/core/exports"
USAGE = "/api/v2/customer_memberships/usage"
WEBHOOKS = "/api/v1/core/webhooks"
NDJSON = "application/x-ndjson"
JSON = "application/json"
ASKED = {"object": "customers", "date_from": "2026-01-01", "date_to": "2026-01-31"}
SETTINGS = """
[rate_limit]
per_minute = 0
[exports]
min_free_disk_mb = 0
one_per_type = false
[webhooks]
allow_http = true
allow_private = true
"""
# What takes less than this before the attack is measured against this.
SECONDS_MIN = 0.05


class Client:
    """Asks as one provider, from one address."""

    def __init__(self, port, token, source="127.0.0.1", timeout=120):
        self.port, self.token, self.source, self.timeout = port, token, source, timeout

    def ask(self, method, path, body=None, kind=JSON, packing=None):
        """Status and body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout,
                                                source_address=(self.source, 0))
        headers = {"Authorization": f"Token {self.token}", "Connection": "close"}
        if body is not None:
            headers["Content-Type"] = kind
        if packing:
            headers["Content-Encoding"] = packing
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def must(self, *arguments, **named):
        status, body = self.ask(*arguments, **named)
        if status != 200:
            raise OSError(f"{arguments[:2]}: {status} {body[:300]!r}")
        return json.loads(body)


class Receiver:
    """Where webhooks lead: notes when each letter came; a tarpit takes them and says nothing."""

    def __init__(self):
        self.letters, self.is_tarpit = [], threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                letter = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if receiver.is_tarpit.is_set():
                    time.sleep(300)
                    return
                receiver.letters.append((time.monotonic(), letter))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_for(self, text, seconds):
        """When the letter came that holds this text."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for at, letter in list(self.letters):
                if text in json.dumps(letter):
                    return at
            time.sleep(0.005)
        raise OSError(f"no notice within {seconds} s")


class Work:
    """What the provider does, and how long each took."""

    def __init__(self, client, receiver, patience):
        self.client, self.receiver, self.patience = client, receiver, patience
        self.number = 0

    def once(self):
        took, failed = {}, {}
        for name in ["page", "import", "export and notice"]:
            began = time.monotonic()
            try:
                took.update(getattr(self, name.split()[0] + "_")(began))
            except OSError as error:
                failed[name] = str(error)
        return took, failed

    def page_(self, began):
        self.client.must("GET", PAGE)
        return {"page": time.monotonic() - began}

    def import_(self, began):
        self.number += 1
        row = {"id": self.number, "name": "Ann", "created_at": "2026-01-05T10:00:00Z"}
        self.client.must("POST", "/api/v1/import/customers", json.dumps(row).encode(), kind=NDJSON)
        return {"import": time.monotonic() - began}

    def export_(self, began):
        uuid = self.client.must("POST", EXPORTS, json.dumps(ASKED).encode())["uuid"]
        while self.client.must("GET", f"{EXPORTS}/{uuid}/status")["data"]["state"] != "completed":
            if time.monotonic() - began > self.patience:
                raise OSError(f"no export within {self.patience} s")
            time.sleep(0.005)
        finished = time.monotonic()
        notice = self.receiver.wait_for(uuid, self.patience)
        return {"export": finished - began, "notice": max(0.0, notice - finished)}


def silent(port, count, until):
    """Connections that say nothing; closed ones are opened again."""
    held = []
    while time.monotonic() < until:
        held = [one for one in held if not is_closed(one)]
        while len(held) < count and time.monotonic() < until:
            try:
                held.append(connect(port, "127.0.0.2"))
                held[-1].setblocking(False)
            except OSError:
                break
        time.sleep(0.5)


def is_closed(connection):
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def connect(port, source):
    return socket.create_connection(("127.0.0.1", port), 5, (source, 0))


def slow(port, token, count, until):
    """Bodies of 1 MiB, of which a byte comes every few seconds; a part of them are imports."""
    held = []
    while time.monotonic() < until:
        while len(held) < count and time.monotonic() < until:
            path, kind = [(USAGE, JSON), (EXPORTS, JSON), ("/api/v1/import/customers", NDJSON)][len(held) % 3]
            head = (f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {token}\r\n"
                    f"Content-Type: {kind}\r\nContent-Length: 1048576\r\n\r\n{{")
            try:
                # From several addresses, so that the bound of one does not end the attack.
                one = connect(port, f"127.0.0.{3 + len(held) % 4}")
                one.sendall(head.encode())
                held.append(one)
            except OSError:
                break
        for one in list(held):
            try:
                one.sendall(b" ")
            except OSError:
                held.remove(one)
        time.sleep(2)


def repeat(port, token, until, path, body, kind, packing):
    """The same request again and again."""
    client = Client(port, token, "127.0.0.7")
    while time.monotonic() < until:
        try:
            client.ask("POST", path, body, kind=kind, packing=packing)
        except OSError:
            time.sleep(0.2)


def attack(port, token, sizes, until):
    """The processes that attack."""
    packed = gzip.compress(b"x\n" * sizes.packed_lines)
    keys = ",".join(f'"k{number}":1' for number in range(sizes.keys))
    large = f"{{{keys}}}".encode()
    import_ = ("/api/v1/import/customers", packed, NDJSON, "gzip")
    works = [(silent, (port, sizes.silent, until)), (slow, (port, token, sizes.slow, until))]
    works += [(repeat, (port, token, until, *import_))] * sizes.packed
    works += [(repeat, (port, token, until, USAGE, large, JSON, None))] * sizes.large
    return [multiprocessing.Process(target=work, args=given, daemon=True) for work, given in works]


def rounds(work, count, until):
    took, failed = {}, []
    for _ in range(count):
        if time.monotonic() > until:
            break
        seconds, problems = work.once()
        for name, value in seconds.items():
            took.setdefault(name, []).append(value)
        failed += [f"{name}: {problem}" for name, problem in problems.items()]
    return {name: statistics.median(values) for name, values in took.items()}, failed


def start(options, folder):
    settings = SETTINGS
    if options.store_url:
        settings += f'[store]\nurl = "{options.store_url}"\n'
    pathlib.Path(folder, "rollbook.toml").write_text(settings)
    tokens = []
    for provider in ["1", "2"]:
        create = ["provider", "create", "--data", folder, "--id", provider, "--name", "Provider",
                  "--timezone", "Europe/London", "--currency", "gbp"]
        subprocess.run([options.rollbook, *create], check=True, stdout=subprocess.DEVNULL)
        token = [options.rollbook, "token", "create", "--data", folder, "--provider", provider]
        tokens.append(subprocess.check_output(token, text=True).strip())
    serve = [options.rollbook, "serve", "--data", folder, "--listen", "127.0.0.1:0"]
    server = subprocess.Popen(serve, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    line = next((line for line in server.stdout if "http://" in line), None)
    if line is None:
        raise SystemExit("the server ended before it listened")
    return server, int(line.split(":")[-1].split()[0].rstrip("/")), tokens


def lay_tarpits(client, count):
    """Webhooks that answer nobody once they are there."""
    tarpits = []
    for _ in range(count):
        tarpit = Receiver()
        hook = {"url": tarpit.url, "events": ["export.requested", "export.completed"]}
        client.must("POST", WEBHOOKS, json.dumps(hook).encode())
        tarpits.append(tarpit)
    for tarpit in tarpits:
        tarpit.is_tarpit.set()
    row = {"id": 1, "name": "Bob", "created_at": "2026-01-05T10:00:00Z"}
    client.must("POST", "/api/v1/import/customers", json.dumps(row).encode(), kind=NDJSON)
    for _ in range(3):
        client.must("POST", EXPORTS, json.dumps(ASKED).encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rollbook", required=True)
    parser.add_argument("--store-url", help="an empty PostgreSQL database")
    parser.add_argument("--silent", type=int, default=1100)
    parser.add_argument("--slow", type=int, default=512)
    parser.add_argument("--packed", type=int, default=4, help="packed imports at once")
    parser.add_argument("--packed-lines", type=int, default=16_000_000)
    parser.add_argument("--large", type=int, default=4, help="large JSON bodies at once")
    parser.add_argument("--keys", type=int, default=80_000, help="keys of a large JSON body")
    parser.add_argument("--tarpits", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=120, help="the longest that the attack goes on")
    parser.add_argument("--worst", type=float, default=5.0)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))

    with tempfile.TemporaryDirectory() as folder:
        server, port, tokens = start(options, folder)
        try:
            return measure(options, port, tokens)
        finally:
            server.kill()
            server.wait()


def measure(options, port, tokens):
    receiver = Receiver()
    client = Client(port, tokens[0], timeout=options.seconds)
    hook = {"url": receiver.url, "events": ["export.completed"]}
    client.must("POST", WEBHOOKS, json.dumps(hook).encode())
    work = Work(client, receiver, options.seconds / 2)
    quiet, failed = rounds(work, options.rounds + 1, time.monotonic() + options.seconds)
    if failed:
        raise SystemExit(f"failed before the attack: {failed}")

    if options.tarpits:
        lay_tarpits(Client(port, tokens[1]), options.tarpits)
    until = time.monotonic() + options.seconds
    attackers = attack(port, tokens[1], options, until)
    for attacker in attackers:
        attacker.start()
    # So that all of them are there before it is measured.
    time.sleep(min(10, options.seconds / 6))
    attacked, failed = rounds(work, options.rounds, until)
    for attacker in attackers:
        attacker.kill()
        attacker.join()

    print(f"{'':8} {'quiet':>9} {'attacked':>9} {'times':>7}")
    is_bad = bool(failed)
    for name, before in quiet.items():
        after = attacked.get(name)
        if after is None:
            print(f"{name:8} {before:8.3f}s         -       -")
            is_bad = True
            continue
        times = after / max(before, SECONDS_MIN)
        is_bad |= times > options.worst
        print(f"{name:8} {before:8.3f}s {after:8.3f}s {times:7.1f}")
    for problem in failed:
        print(f"failed: {problem}")
    return 1 if is_bad else 0


if __name__ == "__main__":
    sys.exit(main())
