#!/usr/bin/env python3
"""Calls every operation in every way that schemathesis thinks of, by the static document and by a typed one.

Usage: fuzz.py PATH/TO/undb TOOLS   (TOOLS is what `tools` has filled)

All checks but those that `schemathesis.toml` excludes with a reason. UNDB_LONG=1 goes on until 20,000 requests were made,
and from another seed each time; UNDB_SEED repeats a run.
"""

import os
import random
import re
import subprocess
import sys
import tempfile

import schemas
from server import serving

HERE = os.path.dirname(os.path.realpath(__file__))
LONG = os.environ.get("UNDB_LONG") == "1"
REQUESTS = 20_000 if LONG else 100
SECONDS = 240 if LONG else 25
SCOPES = ["records:write", "schema:write", "tokens:manage", "space:manage"]


def spares(api):
    """Makes what may be ended and renamed, and says what is where."""
    space = api.call("GET", "/api/openapi/space")["id"]
    records = "/api/openapi/bases/CRM/tables/Contacts/records"
    table = api.call("GET", "/api/openapi/bases/CRM/tables/Contacts")
    token = api.call("POST", f"/api/spaces/{space}/tokens", {"name": "spare", "scopes": SCOPES})
    fields = [{"name": "name", "type": "string"}, {"name": "notes", "type": "longText"}]
    spare = [api.table("CRM", f"spare {name}", fields).rsplit("/", 1)[1] for name in ("table", "records")]
    return {
        "UNDB_OWN_TOKEN": api.call("GET", "/api/openapi/token")["id"],
        "UNDB_SPACE": space,
        "UNDB_BASE": table["baseId"],
        "UNDB_RECORD": api.call("GET", f"{records}?limit=1")["records"][0]["id"],
        "UNDB_SPARE_BASE": api.base("spare"),
        "UNDB_SPARE_TABLE": spare[0],
        "UNDB_SPARE_RECORDS": spare[1],
        "UNDB_SPARE_TOKEN": token["token"]["id"],
    }


def fuzz(api, tools, document, phases, seed, there, pinned=False, typed=False):
    """Runs some phases: how many requests were made."""
    with tempfile.TemporaryDirectory() as folder:
        config = f"{folder}/schemathesis.toml"
        with open(config, "w") as file:
            for name in ["schemathesis.toml"] + (["pins.toml"] if pinned else []):
                file.write(open(f"{HERE}/{name}").read().replace('"hooks.py"', f'"{HERE}/hooks.py"'))
        environment = os.environ | there | {"UNDB_DOCUMENT": "typed" if typed else "static", "PYTHONPATH": HERE}
        command = [f"{tools}/python/bin/schemathesis", "--config-file", config, "run", api.url + document]
        command += ["--header", f"x-undb-api-token: {api.token}", "--phases", phases, "--seed", str(seed)]
        # One worker: with several, Python 3.11 falls over its own parser ("AST constructor recursion depth mismatch").
        command += ["--max-time", str(SECONDS), "--workers", "1", "--no-color"]
        told = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, cwd=folder)
    count = re.search(r"([\d,]+) generated", told.stdout)
    if told.returncode != 0 or count is None:
        raise SystemExit(f"{document}, {phases}, UNDB_SEED={seed}:\n{told.stdout[-20000:]}\n{told.stderr[-5000:]}")
    made = int(count[1].replace(",", ""))
    print(f"{made:6} requests, 0 failures: {phases} of {document}", flush=True)
    return made


def main(binary, tools):
    seed = int(os.environ.get("UNDB_SEED") or (random.randrange(1 << 31) if LONG else 1))
    made = 0
    while made < REQUESTS:
        # A new server each time: what was made and deleted on the way is gone.
        with serving(binary) as api:
            there, typed = spares(api), schemas.every_type(api) + "/openapi.json"
            every = "examples,coverage,fuzzing"
            made += fuzz(api, tools, "/api/openapi.json", every, seed, there, pinned=True)
            made += fuzz(api, tools, typed, every + ",stateful", seed, there, typed=True)
            # At last, since it may end anything.
            made += fuzz(api, tools, "/api/openapi.json", "stateful", seed, there)
        seed += 1
    print(f"{made} requests, 0 failures")


if __name__ == "__main__":
    main(*sys.argv[1:])
