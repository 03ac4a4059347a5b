#!/usr/bin/env python3
"""Holds the documents to OpenAPI 3.1 and to two linters: the static one, and typed ones of all kinds of tables.

Usage: validate.py PATH/TO/undb TOOLS   (TOOLS is what `tools` has filled)

Every `$ref` has to lead somewhere, and every example to fit its schema; a warning counts as an error. What is not held to a
rule stands in `spectral.yaml` and `redocly.yaml`, with the reason.
"""

import json
import os
import random
import subprocess
import sys
import tempfile

import schemas
from server import serving

HERE = os.path.dirname(os.path.realpath(__file__))
RANDOM = 50
# A gate is no place for surprises: it has the same tables each time.
LONG = os.environ.get("UNDB_LONG") == "1"


def documents(api, folder):
    """Writes every document into a folder: their paths, the static one first."""
    seed = int(os.environ.get("UNDB_SEED") or (random.randrange(1 << 32) if LONG else 1))
    print(f"random tables of UNDB_SEED={seed}")
    paths = [schemas.every_type(api), *schemas.randoms(api, RANDOM, seed)]
    # The document of the space has all tables in it; those of single tables are cut from the same cloth.
    addresses = ["/api/openapi.json", "/api/openapi/openapi.json", "/api/openapi/openapi.json?examples=data"]
    addresses += [f"{path}/openapi.json" for path in paths[:3]]
    files = []
    for number, address in enumerate(addresses):
        files.append(f"{folder}/{number:02}.json")
        with open(files[-1], "w") as file:
            json.dump(api.call("GET", address), file, indent=1, ensure_ascii=False)
    return files


def run(name, command):
    told = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if told.returncode != 0:
        raise SystemExit(f"{name} found this:\n{told.stdout[-20000:]}\n{told.stderr[-5000:]}")
    print(f"{name}: 0 errors, 0 warnings")


def main(binary, tools):
    python, node = f"{tools}/python/bin", f"{tools}/node/node_modules/.bin"
    os.environ["REDOCLY_TELEMETRY"] = "off"
    with serving(binary) as api, tempfile.TemporaryDirectory() as folder:
        files = documents(api, folder)
        print(f"{len(files)} documents, of {RANDOM + 1} tables and the demo")
        run("openapi-spec-validator", [f"{python}/openapi-spec-validator", *files])
        spectral = ["--fail-severity", "warn", "--ruleset", f"{HERE}/spectral.yaml"]
        run("spectral", [f"{node}/spectral", "lint", *spectral, *files])
        run("redocly", [f"{node}/redocly", "lint", "--config", f"{HERE}/redocly.yaml", *files])


if __name__ == "__main__":
    main(*sys.argv[1:])
