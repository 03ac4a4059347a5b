#!/usr/bin/env python3
"""Makes clients of a server with the demo, and runs the programs of docs/clients.md with them as they stand there.

Usage: clients.py PATH/TO/undb TOOLS   (TOOLS is what `tools` has filled)

TypeScript is compiled with `tsc --strict`, Python checked by `mypy --strict`, and all three have to print what the page says.
Then the types that `undb types` prints for a table with the worst names are put to the same compilers.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

import schemas
from server import serving

ROOT = os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../..")
PAGE = open(f"{ROOT}/docs/clients.md").read()
TABLE = "/api/openapi/bases/CRM/tables/Contacts"
TSCONFIG = {"strict": True, "noUncheckedIndexedAccess": True, "target": "es2022", "module": "nodenext", "types": []}
CARGO = """[package]
name = "story"
edition = "2024"
[dependencies]
serde = { version = "1", features = ["derive"] }
serde_json = "1"
ureq = { version = "3", default-features = false, features = ["json"] }
"""


def block(language):
    """The last block of a language that the page has."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)[-1]


def run(*command, **settings):
    told = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **settings)
    if told.returncode != 0:
        raise SystemExit(f"{' '.join(command)}:\n{told.stdout[-8000:]}\n{told.stderr[-8000:]}")
    return told.stdout


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


class Clients:
    def __init__(self, binary, tools, api, folder):
        self.binary, self.tools, self.api, self.folder = binary, tools, api, folder
        self.environment = os.environ | {"UNDB_URL": api.url, "UNDB_TOKEN": api.token}
        write(f"{folder}/contacts.json", json.dumps(api.call("GET", f"{TABLE}/openapi.json")))

    def ids(self, text):
        table = self.api.call("GET", TABLE)
        return text.replace("BASE_ID", table["baseId"]).replace("TABLE_ID", table["id"])

    def types(self, table, language):
        command = [self.binary, "types", "--url", self.api.url, "--table", table, "--lang", language]
        return run(*command, env=self.environment)

    def tsc(self, folder):
        write(f"{folder}/tsconfig.json", json.dumps({"compilerOptions": TSCONFIG, "include": ["*.ts"]}))
        run(f"{self.tools}/node/node_modules/.bin/tsc", "--project", folder)

    def mypy(self, folder, *files):
        run(f"{self.tools}/python/bin/mypy", "--strict", "--no-error-summary", *files, cwd=folder)

    def cargo(self, folder, what):
        # Outside of the folder, so that what it depends on is built once.
        target = self.environment | {"CARGO_TARGET_DIR": f"{self.tools}/rust", "RUSTFLAGS": "-D warnings"}
        write(f"{folder}/Cargo.toml", CARGO)
        return run("cargo", what, "--quiet", cwd=folder, env=target)

    def typescript(self):
        folder = f"{self.folder}/typescript"
        write(f"{folder}/package.json", '{"type": "module"}')
        os.symlink(f"{self.tools}/node/node_modules", f"{folder}/node_modules")
        write(f"{folder}/story.ts", self.ids(block("ts")))
        bin = f"{self.tools}/node/node_modules/.bin"
        run(f"{bin}/openapi-typescript", f"{self.folder}/contacts.json", "--output", f"{folder}/contacts.ts", cwd=folder)
        self.tsc(folder)
        return run("node", "story.js", cwd=folder, env=self.environment)

    def python(self):
        folder = f"{self.folder}/python"
        write(f"{folder}/story.py", block("python"))
        bin = f"{self.tools}/python/bin"
        made = ["--path", f"{self.folder}/contacts.json", "--output-path", f"{folder}/contacts", "--meta", "none"]
        # Without its hooks, which only make the files prettier.
        write(f"{folder}/config.yaml", "post_hooks: []\n")
        run(f"{bin}/openapi-python-client", "generate", *made, "--config", f"{folder}/config.yaml", "--fail-on-warning")
        self.mypy(folder, "story.py", "contacts")
        return run(f"{bin}/python", "story.py", cwd=folder, env=self.environment)

    def rust(self):
        folder = f"{self.folder}/rust"
        write(f"{folder}/src/contacts.rs", "#![allow(dead_code)]\n" + self.types("Contacts", "rust"))
        write(f"{folder}/src/main.rs", block("rust"))
        return self.cargo(folder, "run")

    def worst(self):
        """Types of tables with every kind of field and name."""
        schemas.every_type(self.api)
        fields = [{"name": name, "type": "string"} for name in schemas.UNLINTED]
        unlinted = self.api.table("CRM", "Unlinted", fields).rsplit("/", 1)[1]
        tables = ["Every type", unlinted, *(path.rsplit("/", 1)[1] for path in schemas.randoms(self.api, 10, 7))]
        folder = f"{self.folder}/worst"
        for number, table in enumerate(tables):
            write(f"{folder}/t{number}.ts", self.types(table, "typescript"))
            write(f"{folder}/t{number}.py", self.types(table, "python"))
            write(f"{folder}/src/t{number}.rs", self.types(table, "rust"))
        write(f"{folder}/src/lib.rs", "".join(f"pub mod t{number};\n" for number in range(len(tables))))
        self.tsc(folder)
        self.mypy(folder, *(f"t{number}.py" for number in range(len(tables))))
        self.cargo(folder, "check")
        print(f"types of {len(tables)} tables pass tsc, mypy and rustc")


def main(binary, tools):
    expected = block("text").splitlines()
    with serving(os.path.realpath(binary)) as api, tempfile.TemporaryDirectory() as folder:
        clients = Clients(os.path.realpath(binary), os.path.realpath(tools), api, folder)
        for language in ("typescript", "python", "rust"):
            told = getattr(clients, language)().splitlines()
            if told[-len(expected):] != expected or len(told) <= len(expected):
                raise SystemExit(f"{language} told:\n" + "\n".join(told))
            print(f"{language}: the story as docs/clients.md tells it")
        clients.worst()


if __name__ == "__main__":
    main(*sys.argv[1:])
