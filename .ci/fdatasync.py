#!/usr/bin/env python3
"""Sees by strace that a create is on the disk before it is answered.

Usage: fdatasync.py PATH/TO/undb

Starts the server under strace in an empty folder, makes one record, and reads the calls in their order: between the last
read of the request and the write of its 201 there has to be an fdatasync of a file of the database that succeeded. Exit 1
if there is none.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

TITLE = "seen by strace"


def main(binary):
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace")
        data = os.path.join(os.path.realpath(folder), "data")
        # With -y a descriptor is followed by what it is open on.
        command = ["strace", "-f", "-qq", "-y", "-s", "400", "-o", trace]
        command += ["-e", "trace=recvfrom,read,readv,sendto,write,writev,fdatasync"]
        server = subprocess.Popen(
            command + [binary, "--demo", "--data-dir", data, "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        try:
            token = server.stdout.readline().strip()
            url = re.search(r"http://[^/']+", server.stdout.readline()).group(0)
            status = create(url, token)
        finally:
            # The tracer hands the signal on to nobody: end what it traces.
            subprocess.run(["pkill", "-TERM", "-P", str(server.pid)], check=False)
            server.wait(timeout=30)
        lines = open(trace, encoding="utf-8", errors="replace").read().splitlines()
    asked = last(lines, lambda line: TITLE in line and re.search(r"(recvfrom|read|readv)", line))
    answered = last(lines, lambda line: "HTTP/1.1 201" in line and re.search(r"(sendto|write|writev)\(", line))
    between = synced(lines, asked, answered, data)
    print(f"status {status}: request at line {asked}, {len(between)} fdatasync, 201 at line {answered}")
    for line in [lines[asked]] + between + [lines[answered]]:
        print("  " + line.replace(data, "data")[:110])
    return 0 if between else 1


def create(url, token):
    deadline = time.monotonic() + 60
    body = json.dumps({"values": {"name": TITLE}}).encode()
    headers = {"x-undb-api-token": token, "content-type": "application/json"}
    path = f"{url}/api/openapi/bases/CRM/tables/Contacts/records"
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(path, body, headers), timeout=10) as answer:
                return answer.status
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def synced(lines, asked, answered, data):
    """The lines at which an fdatasync of a file below `data` that was called after `asked` and ended well before
    `answered`."""
    called, found = set(), []
    for line in lines[asked:answered]:
        thread = line.split()[0]
        if "fdatasync(" in line and f"<{data}/" in line:
            called.add(thread)
        if re.search(r"fdatasync\b.*= 0$", line) and thread in called:
            called.remove(thread)
            found.append(line)
    return found


def last(lines, fits):
    found = [number for number, line in enumerate(lines) if fits(line)]
    if not found:
        sys.exit("the trace does not hold the request and its 201")
    return found[-1]


if __name__ == "__main__":
    signal.alarm(180)
    sys.exit(main(sys.argv[1]))
