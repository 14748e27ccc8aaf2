"""A real server on a throw-away folder, and a plain client for it."""

import json
import pathlib
import subprocess
import time
import urllib.error
import urllib.request
from decimal import Decimal

JOB_SECONDS_MAX = 300
POLL_SECONDS = 0.05


class Server:
    """`rollbook serve` with one provider; ends with the block that it is used in."""

    def __init__(self, rollbook, folder):
        self.rollbook, self.folder = str(rollbook), pathlib.Path(folder)

    def command(self, *arguments):
        return [self.rollbook, *arguments, "--data", str(self.folder)]

    def __enter__(self):
        create = self.command("provider", "create", "--id", "1", "--name", "Peers",
                              "--timezone", "Europe/London", "--currency", "gbp")
        subprocess.run(create, check=True, stdout=subprocess.DEVNULL)
        (self.folder / "rollbook.toml").write_text("[rate_limit]\nper_minute = 0\n")
        token = self.command("token", "create", "--provider", "1")
        self.token = subprocess.check_output(token, text=True).strip()
        self.child = subprocess.Popen(self.command("serve", "--listen", "127.0.0.1:0"), text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = next((line for line in self.child.stdout if "http://" in line), None)
        if line is None:
            raise SystemExit("the server ended before it listened")
        self.address = line[line.index("http://"):].split()[0].rstrip("/")
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()

    def ask(self, path, body=None, kind="application/json"):
        """The answer as JSON; numbers with a point stay exact."""
        headers = {"Authorization": f"Token {self.token}", "Content-Type": kind}
        request = urllib.request.Request(self.address + path, body, headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer, parse_float=Decimal)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{path}: {error.code} {error.read()[:2000]}") from None

    def add(self, table, rows):
        """Imports rows."""
        body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
        self.ask(f"/api/v1/import/{table}", body, "application/x-ndjson")

    def file(self, report, parameters, form):
        """Asks for a file, waits for it, and gives back its bytes, had without a credential."""
        body = json.dumps({**parameters, "format": form}).encode()
        number = self.ask(f"/api/v2/reports/{report}/export", body)["job"]
        deadline = time.monotonic() + JOB_SECONDS_MAX
        while True:
            job = self.ask(f"/api/v2/jobs/{number}")
            if job["status"] not in ("queued", "running"):
                break
            if time.monotonic() > deadline:
                raise SystemExit(f"job {number} does not end: {job}")
            time.sleep(POLL_SECONDS)
        if job["status"] != "succeeded":
            raise SystemExit(f"job {number}: {job}")
        with urllib.request.urlopen(job["result_url"]) as answer:
            return answer.read()
