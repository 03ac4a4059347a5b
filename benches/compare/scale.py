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
import multiprocessing
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

from compare import STATUSES, UNDB_FIELDS

BULK = 5000
ROUNDS = 15


class Server:
    def __init__(self, binary, home, budget):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        data = os.path.join(home, "data")
        subprocess.run([binary, "--data-dir", data, "space", "create", "Scale"], capture_output=True, check=True)
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
        # One that was not used for a while may have been closed.
        self.connection.close()
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
    table = server.ask("POST", f"/api/openapi/bases/{base}/tables", {"name": f"t{size}-{time.time()}", "fields": UNDB_FIELDS})
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


def client(port, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(method, path, body=None):
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            sys.exit(f"{method} {path}: {response.status} {answer[:300]}")

    return ask


def write(port, headers, path, ids, rate, seconds, done):
    """Changes records at a steady pace."""
    ask, begun, count = client(port, headers), time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        body = json.dumps({"values": {"score": random.uniform(0, 1000)}})
        ask("PATCH", f"{path}/{random.choice(ids)}", body)
        count += 1
        time.sleep(max(0.0, begun + count / rate - time.perf_counter()))
    done.put(count)


def read(port, headers, path, seconds, done):
    """Asks a filter as fast as it is answered."""
    ask, begun, count = client(port, headers), time.perf_counter(), 0
    question = f"{path}?{urllib.parse.urlencode({'limit': 30, 'filter': 'score < 10 and age > 60', 'sort': '-score'})}"
    while time.perf_counter() - begun < seconds:
        ask("GET", question)
        count += 1
    done.put(count)


def together(server, path, ids, writers, rate, seconds=5):
    """Filters and changes in one second, while so many writers make `rate` changes a second each."""
    reads, writes = multiprocessing.Queue(), multiprocessing.Queue()
    common = (server.port, server.headers, path)
    processes = [multiprocessing.Process(target=read, args=(*common, seconds, reads)) for _ in range(2)]
    processes += [
        multiprocessing.Process(target=write, args=(*common, ids, rate, seconds, writes)) for _ in range(writers)
    ]
    for process in processes:
        process.start()
    counts = [sum(reads.get() for _ in range(2)) / seconds, sum(writes.get() for _ in range(writers)) / seconds]
    for process in processes:
        process.join()
    return counts


def maintained(server, base):
    path = load(server, base, 100_000)
    ids = [record["id"] for record in server.ask("GET", f"{path}?limit=1000&total=false")["records"]]
    together(server, path, ids, 0, 0, 1)
    quiet, _ = together(server, path, ids, 0, 0)
    busy, written = together(server, path, ids, 8, 130)
    print(f"filters over 100,000 records: {quiet:.0f}/s alone, {busy:.0f}/s ({busy / quiet:.2f}) beside {written:.0f} writes/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--undb", required=True, metavar="BINARY")
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--budget", type=int, default=1024, metavar="MIB")
    parser.add_argument("--turns", type=int, default=0, help="after that, so many more tables of 100,000 take turns")
    parser.add_argument("--writes", action="store_true", help="also filters beside a thousand writes a second")
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
        if options.writes:
            maintained(server, base)
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
