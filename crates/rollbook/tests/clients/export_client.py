"""Asks for an export, waits, and saves the file, knowing only what the dialect's reference prints.

    export_client.py BASE_URL KEY SITE_ID FOLDER BODY

BODY is the JSON object of the request. Standard library only.
"""

import json
import pathlib
import sys
import time
import urllib.error
import urllib.request

WAIT_SECONDS = 120


def call(url, key, body=None):
    """Status, headers and body of one request."""
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = body.encode()
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def main():
    base, key, site, folder, body = sys.argv[1:]
    exports = f"{base}/api/v1/core/exports"
    status, _, answer = call(f"{exports}?site_id={site}", key, body)
    answer = json.loads(answer)
    if status != 200:
        sys.exit(f"{status}: {answer['message']} {json.dumps(answer['errors'])}")
    uuid = answer["data"]["uuid"]
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        status, headers, content = call(f"{exports}/{uuid}?site_id={site}", key)
        if status == 200:
            break
        message = json.loads(content)["message"]
        if status != 404 or message != "The export is not yet ready to be downloaded.":
            sys.exit(f"{status}: {message}")
        if time.monotonic() > deadline:
            sys.exit("the export does not become ready")
        time.sleep(0.2)
    if headers["Content-Type"] != "application/force-download":
        sys.exit(f"unexpected type {headers['Content-Type']}")
    kind = json.loads(body)["object"]
    ending = "zip" if kind == "accounting" else "csv"
    path = pathlib.Path(folder) / f"{kind}.{ending}"
    path.write_bytes(content)
    print(path)


main()
