#!/usr/bin/env python3
"""undb on its own disk and on PostgreSQL, with one process and with three, beside pgbench, in one run.

    .ci/postgres python3 benches/postgres/throughput.py --undb PATH/TO/undb [--seconds 4] [--rounds 3]

`.ci/postgres` starts a PostgreSQL for it. Needs wrk, pgbench and psql. Everything shares the machine's cores: servers,
PostgreSQL and load. Each figure is the median of rounds that take turns.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

RECORDS = 2000
PGBENCH_TABLE = "CREATE TABLE bench (id bigint PRIMARY KEY, email text UNIQUE, name text)"
PGBENCH_INSERT = "\\set n random(1, 9000000000000000000)\nINSERT INTO bench VALUES (:n, 'p' || :n || '@example.com', 'A name');\n"
PGBENCH_SELECT = f"\\set n random(1, {RECORDS})\nSELECT name FROM bench WHERE id = :n;\n"
#: Each connection's thread has a random part of its own in what it makes.
LUA = """
local kind, path = os.getenv("KIND"), os.getenv("RECORDS")
local ids = {}
for id in os.getenv("IDS"):gmatch("%S+") do ids[#ids + 1] = id end
wrk.headers["x-undb-api-token"] = os.getenv("TOKEN")
wrk.headers["content-type"] = "application/json"
local n, thread = 0, 0
function setup(other) thread = thread + 1 other:set("number", thread) end
function init() math.randomseed(tonumber(os.getenv("SEED")) + number) mark = tostring(math.random(1, 999999999)) .. "-" .. number end
function request()
  if kind == "get" then return wrk.format("GET", path .. "/" .. ids[math.random(#ids)]) end
  if kind == "list" then return wrk.format("GET", path .. "?limit=30") end
  n = n + 1
  local body = string.format('{"values":{"email":"p%s-%d@example.com","name":"A name"}}', mark, n)
  return wrk.format("POST", path, nil, body)
end
function done(summary, latency)
  io.write(string.format("RESULT %f %d %f\\n", summary.requests / summary.duration * 1e6, summary.errors.status, latency:percentile(99) / 1000))
end
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Undb:
    """One or several processes on one store."""

    def __init__(self, binary, home, name, processes, store):
        self.name, self.processes, self.ports = name, [], []
        where = ["--store", store] if store else ["--data-dir", os.path.join(home, name)]
        run = lambda *arguments: subprocess.run([binary, *arguments, *where], capture_output=True, text=True, check=True).stdout.strip()
        run("space", "create", "Scale")
        scopes = ["records:read", "records:write", "schema:read", "schema:write"]
        self.token = run("token", "create", "--space", "Scale", "--name", "t", *[word for scope in scopes for word in ("--scope", scope)])
        for _ in range(processes):
            port = free_port()
            command = [binary, "serve", "--listen", f"127.0.0.1:{port}", "--workers", "2", *where]
            self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            self.ports.append(port)
        for port in self.ports:
            self.wait(port)
        base = self.ask("POST", "/api/openapi/bases", {"name": "B"})["id"]
        fields = [{"name": "email", "type": "email", "unique": True}, {"name": "name", "type": "string"}]
        table = self.ask("POST", f"/api/openapi/bases/{base}/tables", {"name": "T", "fields": fields})["id"]
        self.records = f"/api/openapi/bases/{base}/tables/{table}/records"
        rows = [{"values": {"email": f"first{n}@example.com", "name": "A name"}} for n in range(RECORDS)]
        self.ids = self.ask("POST", f"{self.records}/bulk", {"records": rows})["ids"]

    def wait(self, port):
        for _ in range(200):
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            time.sleep(0.05)
        sys.exit(f"{self.name} does not answer")

    def ask(self, method, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=60)
        connection.request(method, path, json.dumps(body), {"x-undb-api-token": self.token, "content-type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            sys.exit(f"{method} {path}: {response.status} {answer[:300]}")
        return json.loads(answer)

    def load(self, script, kind, connections, seconds):
        """Calls a second over all processes, and the worst 99th percentile in milliseconds."""
        ports = self.ports[:connections]
        share = [connections // len(ports) + (n < connections % len(ports)) for n in range(len(ports))]
        environment = {**os.environ, "KIND": kind, "RECORDS": self.records, "TOKEN": self.token, "IDS": " ".join(self.ids[:500])}
        # Of each process its own, or they would make the same values.
        seeds = [str(random.randrange(1 << 31)) for _ in ports]
        running = [
            subprocess.Popen(["wrk", "-t1", f"-c{count}", f"-d{seconds}", "-s", script, f"http://127.0.0.1:{port}"],
                             env={**environment, "SEED": seed}, stdout=subprocess.PIPE, text=True)
            for port, count, seed in zip(ports, share, seeds)
        ]
        found = [re.search(r"RESULT (\S+) (\d+) (\S+)", process.communicate()[0]) for process in running]
        if any(int(match[2]) for match in found):
            sys.exit(f"{self.name}: {kind} has failures")
        return sum(float(match[1]) for match in found), max(float(match[3]) for match in found)

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()


class Slow:
    """A proxy that adds a time to every round trip, on the way back."""

    def __init__(self, host, port, seconds):
        self.target, self.seconds, self.port = (host, port), seconds, free_port()
        loop = asyncio.new_event_loop()
        threading.Thread(target=self.run, args=(loop,), daemon=True).start()
        time.sleep(0.3)

    def run(self, loop):
        asyncio.set_event_loop(loop)
        loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", self.port))
        loop.run_forever()

    async def serve(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection(*self.target)
        await asyncio.gather(self.pass_on(reader, far_writer, 0), self.pass_on(far_reader, writer, self.seconds), return_exceptions=True)

    async def pass_on(self, reader, writer, delay):
        loop = asyncio.get_running_loop()
        while data := await reader.read(1 << 16):
            if delay:
                loop.call_later(delay, writer.write, data)
            else:
                writer.write(data)
        await asyncio.sleep(delay * 2)
        writer.close()


def pgbench(address, script, clients, seconds):
    parts = urllib.parse.urlparse(address)
    command = ["pgbench", "-n", "-M", "prepared", "-h", parts.hostname, "-p", str(parts.port), "-U", parts.username, "-f", script,
               "-c", str(clients), "-j", str(min(2, clients)), "-T", str(seconds), parts.path.strip("/")]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(re.search(r"tps = ([\d.]+) \(without", output)[1])


def psql(address, *statements):
    command = ["psql", "-qAt", address]
    for statement in statements:
        command += ["-c", statement]
    subprocess.run(command, check=True, capture_output=True)


def schema(address, name):
    psql(address, f"CREATE SCHEMA {name}")
    return f"{address}?options=-c%20search_path%3D{name}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--undb", required=True)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    address = os.environ.get("UNDB_TEST_POSTGRES") or sys.exit("UNDB_TEST_POSTGRES names no PostgreSQL")
    binary, home = os.path.abspath(options.undb), tempfile.mkdtemp()
    files = {}
    for name, text in (("load.lua", LUA), ("insert.sql", PGBENCH_INSERT), ("select.sql", PGBENCH_SELECT)):
        files[name] = os.path.join(home, name)
        with open(files[name], "w", encoding="ascii") as out:
            out.write(text)
    psql(address, PGBENCH_TABLE, f"INSERT INTO bench SELECT n, 'f' || n, 'A name' FROM generate_series(1, {RECORDS}) n")
    parts = urllib.parse.urlparse(address)
    slow = Slow(parts.hostname, parts.port, 0.001)
    far = lambda text: text.replace(f":{parts.port}/", f":{slow.port}/")
    places = [("sled", 1, None), ("PostgreSQL, 1 process", 1, schema(address, "one")), ("PostgreSQL, 3 processes", 3, schema(address, "three")),
              ("PostgreSQL 1 ms away", 1, far(schema(address, "far")))]
    servers = [Undb(binary, home, *place) for place in places]
    figures = {}
    try:
        for _ in range(options.rounds):
            for connections in (1, 64):
                for kind, script in (("create", "insert.sql"), ("get", "select.sql")):
                    figures.setdefault(("pgbench", kind, connections), []).append((pgbench(address, files[script], connections, options.seconds), 0))
                for server in servers:
                    for kind in ("create", "get", "list"):
                        figure = server.load(files["load.lua"], kind, connections, options.seconds)
                        figures.setdefault((server.name, kind, connections), []).append(figure)
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(home, ignore_errors=True)
    say(figures)


def say(figures):
    middle = {key: tuple(statistics.median(column) for column in zip(*found)) for key, found in figures.items()}
    kinds = [("create", 1), ("create", 64), ("get", 1), ("get", 64), ("list", 1), ("list", 64)]
    print("| calls a second (99th percentile) | " + " | ".join(f"{kind} · {connections}" for kind, connections in kinds) + " |")
    print("| --- |" + " --- |" * len(kinds))
    for name in dict.fromkeys(name for name, _, _ in middle):
        cells = []
        for kind in kinds:
            rate, late = middle.get((name, *kind), (0, 0))
            cells.append("" if not rate else f"{rate:,.0f}" + (f" ({late:.1f} ms)" if late else ""))
        print(f"| {name} | " + " | ".join(cells) + " |")
    one = lambda kind: middle[("PostgreSQL, 1 process", kind, 64)][0] / middle[("pgbench", kind, 64)][0]
    away = middle[("PostgreSQL 1 ms away", "create", 64)][0] / middle[("PostgreSQL 1 ms away", "create", 1)][0]
    print(f"\nundb on PostgreSQL with one process ÷ pgbench at 64: creates {one('create'):.2f}, gets {one('get'):.2f}; "
          f"with 1 ms added, creates at 64 ÷ at 1: {away:.1f}")


if __name__ == "__main__":
    main()
