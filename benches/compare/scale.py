#!/usr/bin/env python3
"""How the cost of a query grows with the table: one server, one table of each size in turn.

Prints, for each size, the time to build the columns, the median time of a selective filter, of a sort by a number and of a
group by a select, and the server's resident memory. Then all tables take turns within the memory budget. Needs Python 3.9
or later, and nothing else.

    python3 scale.py --undb PATH/TO/undb [--sizes 10000,100000,1000000] [--budget MIB]
"""

import argparse
import http.client
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

STATUSES = ["lead", "active", "paused", "churned", "archived"]
FIELDS = [
    {"name": "name", "type": "string"},
    {"name": "email", "type": "email", "unique": True},
    {"name": "age", "type": "number"},
    {"name": "status", "type": "select", "options": {"choices": [{"name": s} for s in STATUSES]}},
    {"name": "score", "type": "number"},
    {"name": "city", "type": "string"},
    {"name": "note", "type": "longText"},
]
BULK = 5000
ROUNDS = 15


class Server:
    def __init__(self, binary, home, budget):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        data = os.path.join(home, "data")
        token = subprocess.run(
            [binary, "--data-dir", data, "space", "create", "Scale"], capture_output=True, text=True, check=True
        )
        token = subprocess.run(
            [binary, "--data-dir", data, "token", "create", "--space", "Scale", "--name", "scale",
             "--scope", "records:write", "--scope", "schema:write"],
            capture_output=True, text=True, check=True,
        )
        self.headers = {"x-undb-api-token": token.stdout.strip(), "content-type": "application/json"}
        command = [binary, "serve", "--data-dir", data, "--listen", f"127.0.0.1:{self.port}"]
        command += ["--memory-budget", str(budget), "--query-timeout", "60"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        for _ in range(100):
            try:
                self.ask("GET", "/readyz")
                return
            except OSError:
                self.connection.close()
                time.sleep(0.1)
        sys.exit("the server does not answer")

    def ask(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None, self.headers)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            sys.exit(f"{method} {path}: {response.status} {answer[:300]}")
        return json.loads(answer)

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def load(server, base, size):
    table = server.ask("POST", f"/api/openapi/bases/{base}/tables", {"name": f"t{size}-{time.time()}", "fields": FIELDS})
    path = f"/api/openapi/bases/{base}/tables/{table['id']}/records"
    rng = random.Random(size)
    words = ["".join(rng.choices("abdeiklmnorstu", k=6)) for _ in range(600)]
    for start in range(0, size, BULK):
        rows = [
            {"values": {
                "name": f"{rng.choice(words)} {rng.choice(words)}", "email": f"p{n}@example.com",
                "age": rng.randint(18, 90), "status": rng.choice(STATUSES), "score": round(rng.uniform(0, 1000), 6),
                "city": rng.choice(words[:200]), "note": " ".join(rng.choices(words, k=15)),
            }}
            for n in range(start, min(size, start + BULK))
        ]
        server.ask("POST", f"{path}/bulk", {"records": rows})
    return path


def timed(call, rounds=ROUNDS):
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        call()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def listed(server, path, **parameters):
    return server.ask("GET", f"{path}?{urllib.parse.urlencode({'limit': 30, **parameters})}")


def questions(server, path):
    """A selective filter, a sort, a group by, a text search."""
    grouped = {"groupBy": ["status"], "aggregates": [{"function": "count"}, {"field": "score", "function": "avg"}]}
    return {
        "filter": lambda: listed(server, path, filter="score < 1 and age > 60"),
        "sort": lambda: listed(server, path, sort="-score"),
        "group": lambda: server.ask("POST", f"{path}/aggregate", grouped),
        "contains": lambda: listed(server, path, filter='note contains "zzz"'),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--undb", required=True, metavar="BINARY")
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--budget", type=int, default=1024, metavar="MIB")
    parser.add_argument("--turns", type=int, default=0, help="after that, so many more tables of 100,000 take turns")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        server = Server(os.path.abspath(options.undb), home, options.budget)
        base = server.ask("POST", "/api/openapi/bases", {"name": "Scale"})["id"]
        print("| records | load s | MiB | build ms | filter ms | sort ms | group ms | contains ms | MiB, columns hot |")
        print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for size in map(int, options.sizes.split(",")):
            begun = time.perf_counter()
            path = load(server, base, size)
            loaded, before = time.perf_counter() - begun, server.memory()
            asked = questions(server, path)
            # The first question that looks at columns builds them.
            build = sum(timed(call, 1) for call in asked.values())
            rows = " | ".join(f"{timed(call):.2f}" for call in asked.values())
            print(f"| {size:,} | {loaded:.1f} | {before:.0f} | {build:.0f} | {rows} | {server.memory():.0f} |", flush=True)
        paths = [load(server, base, 100_000) for _ in range(options.turns)]
        for round in range(2):
            for path in paths:
                for call in questions(server, path).values():
                    call()
            if paths:
                print(f"round {round + 1} over {len(paths)} tables of 100,000: {server.memory():.0f} MiB", flush=True)
        server.process.terminate()
        server.process.wait()


if __name__ == "__main__":
    main()
