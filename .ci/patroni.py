#!/usr/bin/env python3
"""High availability for real: three PostgreSQL nodes under Patroni with a strict synchronous standby, etcd beside them, and
undb on all three addresses. The primary is killed, and frozen together with its Patroni, under sixteen writers; nothing
acknowledged may be missing afterwards, nothing may be there twice, and undb is not touched.

    python3 patroni.py PATH/TO/undb [--rounds 3]

Needs root (for running PostgreSQL as another user), and Debian's patroni, etcd-server and postgresql.
"""

import argparse
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

BIN = "/usr/lib/postgresql/15/bin"
USER = "postgres"
WRITERS = 16
#: Seconds from the blow to the first acknowledged write.
KILL_LIMIT, FREEZE_LIMIT = 30, 40


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def as_user(command, **more):
    return subprocess.Popen(
        ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--", *command],
        stdin=subprocess.DEVNULL, start_new_session=True, **more,
    )


class Node:
    def __init__(self, home, number, etcd):
        self.name, self.home = f"n{number}", os.path.join(home, f"n{number}")
        self.port, self.rest = free_port(), free_port()
        os.makedirs(self.home)
        shutil.chown(self.home, USER, USER)
        self.config = os.path.join(self.home, "patroni.json")
        with open(self.config, "w", encoding="ascii") as out:
            json.dump(self.settings(etcd), out)
        self.process = None

    def settings(self, etcd):
        own = f"127.0.0.1:{self.port}"
        trust = ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
        return {
            "scope": "undb", "name": self.name,
            "restapi": {"listen": f"127.0.0.1:{self.rest}", "connect_address": f"127.0.0.1:{self.rest}"},
            "etcd3": {"hosts": f"127.0.0.1:{etcd}"},
            "bootstrap": {
                "dcs": {
                    "ttl": 20, "loop_wait": 1, "retry_timeout": 3, "primary_start_timeout": 0, "master_start_timeout": 0,
                    "synchronous_mode": True, "synchronous_mode_strict": True, "maximum_lag_on_failover": 1048576,
                    "postgresql": {"use_pg_rewind": True, "use_slots": True, "parameters": {
                        "max_connections": 100, "wal_log_hints": "on", "wal_retrieve_retry_interval": "500ms",
                        "shared_buffers": "64MB", "max_wal_size": "256MB", "wal_keep_size": "512MB",
                    }},
                },
                "initdb": [{"encoding": "UTF8"}, "data-checksums"],
            },
            "postgresql": {
                "listen": own, "connect_address": own, "data_dir": os.path.join(self.home, "data"), "bin_dir": BIN,
                "pgpass": os.path.join(self.home, "pgpass"), "pg_hba": trust,
                "authentication": {
                    "superuser": {"username": "postgres", "password": "secret"},
                    "replication": {"username": "replicator", "password": "secret"},
                    "rewind": {"username": "rewinder", "password": "secret"},
                },
                "parameters": {"unix_socket_directories": self.home},
            },
            "watchdog": {"mode": "off"},
        }

    def start(self):
        log = open(os.path.join(self.home, "log"), "ab")
        self.process = as_user(["/usr/bin/python3", "/usr/bin/patroni", self.config], stdout=log, stderr=log)

    def status(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.rest, timeout=1)
            connection.request("GET", "/patroni")
            return json.loads(connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException):
            return {}

    def is_primary(self):
        status = self.status()
        return status.get("role") in ("master", "primary") and status.get("state") == "running"

    def postmaster(self):
        with open(os.path.join(self.home, "data", "postmaster.pid"), encoding="ascii") as lines:
            return int(lines.readline())

    def everything(self):
        """The processes of its Patroni and its PostgreSQL."""
        roots = [self.process.pid]
        with contextlib.suppress(OSError, ValueError):
            roots.append(self.postmaster())
        found, known = [], set(roots)
        children = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError, IndexError):
                with open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                    children.setdefault(int(stat.read().rsplit(")", 1)[1].split()[1]), []).append(int(entry))
        while known:
            pid = known.pop()
            found.append(pid)
            known.update(child for child in children.get(pid, []) if child not in found)
        return found

    def signal(self, number):
        for pid in self.everything():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def write_alone(self):
        """Whether this very node acknowledges a write within some seconds. The client gives up, nothing is cancelled."""
        psql = subprocess.run(
            ["timeout", "-s", "KILL", "4", "psql", "-qAt", f"host=127.0.0.1 port={self.port} user=postgres dbname=undb connect_timeout=2",
             "-c", "CREATE TABLE IF NOT EXISTS fenced(at timestamptz); INSERT INTO fenced VALUES (now())"],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )
        return psql.returncode == 0


class Cluster:
    def __init__(self, home):
        self.home = home
        self.etcd_port, peer = free_port(), free_port()
        at = f"http://127.0.0.1:{self.etcd_port}"
        etcd_home = os.path.join(home, "etcd")
        os.makedirs(etcd_home)
        shutil.chown(etcd_home, USER, USER)
        self.etcd = as_user(
            ["etcd", "--name", "e", "--data-dir", etcd_home, "--listen-client-urls", at, "--advertise-client-urls", at,
             "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
             "--initial-cluster", f"e=http://127.0.0.1:{peer}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.nodes = [Node(home, number, self.etcd_port) for number in (1, 2, 3)]

    def start(self):
        self.nodes[0].start()
        self.wait("the first primary", lambda: self.nodes[0].is_primary(), 90)
        for node in self.nodes[1:]:
            node.start()
        self.whole()

    def wait(self, what, holds, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if holds():
                return
            time.sleep(0.2)
        sys.exit(f"waited {seconds} s in vain for {what}")

    def primary(self):
        return next((node for node in self.nodes if node.is_primary()), None)

    def whole(self):
        """Waits until two standbys stream, one of them synchronously."""
        def holds():
            primary = self.primary()
            standbys = (primary.status().get("replication") or []) if primary else []
            states = [standby.get("sync_state") for standby in standbys if standby.get("state") == "streaming"]
            return len(states) == 2 and "sync" in states
        self.wait("a whole cluster", holds, 120)

    def stop(self):
        for node in self.nodes:
            if node.process:
                node.signal(signal.SIGCONT)
                node.signal(signal.SIGKILL)
        self.etcd.kill()


class Load:
    """Writers that repeat each call with its key until it is acknowledged."""

    def __init__(self, port, path, headers):
        self.port, self.path, self.headers = port, path, headers
        self.lock, self.ending = threading.Lock(), False
        self.acknowledged = []
        self.answers = {}
        self.threads = [threading.Thread(target=self.write, args=(number,), daemon=True) for number in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def write(self, number):
        connection, count = None, 0
        while not self.ending:
            name = f"w{number}-{count}"
            headers = {**self.headers, "idempotency-key": f"{name}-of-{id(self)}"}
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                connection.request("POST", self.path, json.dumps({"values": {"Name": name}}), headers)
                response = connection.getresponse()
                body, status = response.read(), response.status
            except (OSError, http.client.HTTPException):
                connection, status, body = None, 0, b""
            with self.lock:
                kind = status if status in (0, 201) else f"{status} {json.loads(body).get('code')}"
                self.answers[kind] = self.answers.get(kind, 0) + 1
                if status == 201:
                    self.acknowledged.append(name)
            if status == 201:
                count += 1
            else:
                time.sleep(0.1)

    def count(self):
        with self.lock:
            return len(self.acknowledged)

    def first_after(self, began, seconds):
        """Seconds from a moment to the first write that was acknowledged after a second of none."""
        end, seen, still = began + seconds, self.count(), time.monotonic()
        while time.monotonic() < end:
            time.sleep(0.02)
            now = self.count()
            if now != seen:
                if time.monotonic() - still > 1:
                    return time.monotonic() - began
                seen, still = now, time.monotonic()
        sys.exit(f"no write was acknowledged within {seconds} s")

    def end(self):
        self.ending = True
        for thread in self.threads:
            thread.join()


def undb_start(binary, home, address):
    run = lambda *arguments: subprocess.run([binary, *arguments, "--store", address], capture_output=True, text=True, check=True)
    run("space", "create", "HA")
    token = run("token", "create", "--space", "HA", "--name", "ha", "--scope", "records:write", "--scope", "records:read", "--scope", "schema:write")
    port = free_port()
    log = open(os.path.join(home, "undb.log"), "ab")
    process = subprocess.Popen(
        [binary, "serve", "--listen", f"127.0.0.1:{port}", "--store", address],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log,
    )
    return process, port, {"x-undb-api-token": token.stdout.strip(), "content-type": "application/json"}


def ask(port, method, path, headers, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status >= 300:
        raise OSError(f"{method} {path}: {response.status} {answer[:300]}")
    return json.loads(answer)


def table_make(port, headers):
    for _ in range(100):
        with contextlib.suppress(OSError):
            ask(port, "GET", "/readyz", {})
            break
        time.sleep(0.1)
    base = ask(port, "POST", "/api/openapi/bases", headers, {"name": "B"})["id"]
    table = ask(port, "POST", f"/api/openapi/bases/{base}/tables", headers, {"name": "T", "fields": [{"name": "Name", "type": "string"}]})
    return f"/api/openapi/bases/{base}/tables/{table['id']}/records"


def names_stored(port, path, headers):
    names, cursor = [], ""
    while True:
        page = ask(port, "GET", f"{path}?limit=1000&total=false{cursor}", headers)
        names += [record["values"]["Name"] for record in page["records"]]
        if not page.get("nextCursor"):
            return names
        cursor = f"&cursor={page['nextCursor']}"


def blow(cluster, load, kind):
    cluster.whole()
    time.sleep(2)
    old = cluster.primary()
    before, began = load.count(), time.monotonic()
    if kind == "kill":
        os.kill(old.postmaster(), signal.SIGKILL)
        old.signal(signal.SIGKILL)
    else:
        old.signal(signal.SIGSTOP)
    back = load.first_after(began, 120)
    limit = KILL_LIMIT if kind == "kill" else FREEZE_LIMIT
    say(f"{kind} of {old.name}: {before} acknowledged before, the first one after {back:.1f} s (at most {limit} s)")
    fenced = None
    if kind == "kill":
        time.sleep(1)
        old.start()
    else:
        old.signal(signal.SIGCONT)
        began, tries, taken = time.monotonic(), 0, 0
        while time.monotonic() - began < 10:
            taken += old.write_alone()
            tries += 1
        fenced = taken == 0
        say(f"the thawed {old.name} was asked {tries} times to take a write, and took {taken}")
    return back <= limit and fenced is not False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("undb")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    home = tempfile.mkdtemp(prefix="patroni-")
    os.chmod(home, 0o755)
    cluster, undb = Cluster(home), None
    try:
        cluster.start()
        say("three nodes, two standbys, one of them synchronous")
        subprocess.run(["psql", "-q", f"host=127.0.0.1 port={cluster.primary().port} user=postgres dbname=postgres", "-c",
                        "CREATE ROLE undb LOGIN", "-c", "CREATE DATABASE undb OWNER undb"], check=True)
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in cluster.nodes)
        undb, port, headers = undb_start(os.path.abspath(options.undb), home, f"postgres://undb@{hosts}/undb?sslmode=disable")
        path = table_make(port, headers)
        load = Load(port, path, headers)
        good = all([blow(cluster, load, kind) for _ in range(options.rounds) for kind in ("kill", "freeze")])
        time.sleep(2)
        load.end()
        stored = names_stored(port, path, headers)
        lost, twice = set(load.acknowledged) - set(stored), len(stored) - len(set(stored))
        say(f"{len(load.acknowledged)} acknowledged, {len(stored)} stored, {len(lost)} lost, {twice} there twice; answers: {load.answers}")
        if lost or twice or not good or undb.poll() is not None:
            sys.exit("not as it should be")
        say("nothing was lost")
    finally:
        if undb:
            undb.terminate()
        cluster.stop()
        if os.environ.get("KEEP"):
            say(f"kept: {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
