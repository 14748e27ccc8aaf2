"""Sends what the OpenAPI document allows, and what it does not, and compares every answer with the document.

    python check.py --rollbook target/debug/rollbook [--examples 50] [--seconds 1800]

Both envelopes of errors are looked at: once as a studio (`/api/v2`, imports), once as a publisher (exports, books).
Ends with 1 when an answer is a failure of the server, or has a status, content type, header or body that the document lacks.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))
from demo import Demo

CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_headers_conformance", "response_schema_conformance"]
CORE = "^/api/v1/(core|accounting)"


def run(demo, token, choice, options, folder):
    """One run of Schemathesis; whether all was well."""
    command = [
        pathlib.Path(sys.executable).parent / "schemathesis", "run", f"{demo.address}/api/openapi.json",
        "--header", f"Authorization: Bearer {token}", choice, CORE,
        "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--continue-on-failure",
        "--max-examples", str(options.examples), "--max-time", str(options.seconds), "--request-timeout", "60",
        "--generation-deterministic", "--warnings", "off", "--no-color",
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")}
    return subprocess.run(command, cwd=folder, env=environment).returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rollbook", required=True, type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--examples", default=3, type=int, help="random requests per operation")
    parser.add_argument("--seconds", default=300, type=int, help="most seconds of each of the two runs")
    options = parser.parse_args()
    with Demo(options.rollbook) as demo, tempfile.TemporaryDirectory() as folder:
        studio = run(demo, demo.studio, "--exclude-path-regex", options, folder)
        publisher = run(demo, demo.publisher, "--include-path-regex", options, folder)
    sys.exit(0 if studio and publisher else 1)


if __name__ == "__main__":
    main()
