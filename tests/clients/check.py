"""Generates a Python and a TypeScript client from a server's OpenAPI document, and uses both as they come out.

    python check.py --rollbook target/debug/rollbook --node FOLDER

FOLDER has the packages of package.json (`npm ci`). The TypeScript client is type-checked with `strict`. Ends with 1 when
a generator leaves an operation out, or a client does not compile, or an answer is not what its types say.
"""

import argparse
import json
import keyword
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from demo import Demo

HERE = pathlib.Path(__file__).parent


def operations(document):
    """Names of all operations, as Python writes them."""
    methods = (operation for path in document["paths"].values() for operation in path.values())
    names = (operation["operationId"] for operation in methods)
    return {f"{name}_" if keyword.iskeyword(name) else name for name in names}


def run(what, command, **options):
    print(f"{what} …", flush=True)
    done = subprocess.run([str(part) for part in command], text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"{what}: status {done.returncode}")


def python(demo, folder, environment):
    """The client of openapi-python-client."""
    bin_folder = pathlib.Path(sys.executable).parent
    run("Python: generate", [bin_folder / "openapi-python-client", "generate", "--path", folder / "openapi.json",
                             "--output-path", folder / "rollbook_client", "--meta", "none"],
        stdout=subprocess.DEVNULL)
    made = {file.stem for file in (folder / "rollbook_client" / "api").glob("*/*.py")} - {"__init__"}
    if missing := operations(demo.document()) - made:
        raise SystemExit(f"Python: operations left out: {', '.join(sorted(missing))}")
    run("Python: use", [sys.executable, HERE / "use_python.py"],
        env={**environment, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "error::SyntaxWarning"})


def typescript(folder, node, environment):
    """The client of openapi-typescript and openapi-fetch."""
    for name in ["use_typescript.ts", "tsconfig.json", "package.json"]:
        shutil.copy(HERE / name, folder)
    (folder / "node_modules").symlink_to(node / "node_modules")
    tools = folder / "node_modules" / ".bin"
    run("TypeScript: generate", [tools / "openapi-typescript", "openapi.json", "-o", "rollbook.d.ts"],
        cwd=folder, stdout=subprocess.DEVNULL)
    run("TypeScript: compile with strict", [tools / "tsc"], cwd=folder)
    run("TypeScript: use", ["node", "use_typescript.js"], cwd=folder, env=environment)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rollbook", required=True, type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--node", required=True, type=lambda path: pathlib.Path(path).resolve())
    options = parser.parse_args()
    with Demo(options.rollbook) as demo, tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "openapi.json").write_text(json.dumps(demo.document()))
        environment = {**os.environ, "ROLLBOOK_URL": demo.address, "STUDIO_TOKEN": demo.studio,
                       "PUBLISHER_TOKEN": demo.publisher}
        python(demo, folder, environment)
        typescript(folder, options.node, environment)
    print("both clients do what their types say")


if __name__ == "__main__":
    main()
