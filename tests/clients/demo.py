"""A demo server on a throw-away folder, for whoever looks at the API from outside."""

import json
import os
import re
import subprocess
import urllib.request


class Demo:
    """`rollbook demo` with few rows; ends with the block that it is used in.

    `address` is where it listens, `studio` and `publisher` are tokens of its two businesses.
    """

    def __init__(self, rollbook, rows=4000):
        self.command = [str(rollbook), "demo", "--listen", "127.0.0.1:0", "--rows", str(rows)]

    def __enter__(self):
        environment = {**os.environ, "ROLLBOOK_RATE_LIMIT_PER_MINUTE": "0"}
        self.child = subprocess.Popen(self.command, text=True, env=environment,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        tokens = []
        for line in self.child.stdout:
            if found := re.match(r"address\s+(http\S+)", line):
                self.address = found[1]
            if found := re.match(r"token\s+(\S+)", line):
                tokens.append(found[1])
            if len(tokens) == 2:
                self.studio, self.publisher = tokens
                return self
        raise SystemExit("the demo ended before it listened")

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()

    def document(self):
        """The OpenAPI document that the server gives out."""
        with urllib.request.urlopen(f"{self.address}/api/openapi.json") as answer:
            return json.load(answer)
