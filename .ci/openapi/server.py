"""A server with the demo in it, for the checks in this folder, and calls of its API."""

import contextlib
import json
import re
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request


class Api:
    """The API as one token may use it."""

    def __init__(self, url, token):
        self.url, self.token = url, token

    def call(self, method, path, body=None):
        """The answer as JSON; a refusal is an `HTTPError`."""
        headers = {"x-undb-api-token": self.token, "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            error.msg += f" of {method} {path}: {error.read().decode()}"
            raise
        return json.loads(text) if text else None

    def table(self, base, name, fields):
        """Makes a table: its path."""
        tables = f"/api/openapi/bases/{base}/tables"
        return f"{tables}/{self.call('POST', tables, {'name': name, 'fields': fields})['id']}"

    def base(self, name):
        return self.call("POST", "/api/openapi/bases", {"name": name})["id"]


@contextlib.contextmanager
def serving(binary):
    """Runs a server in a folder of its own; it ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        command = [binary, "--demo", "--data-dir", f"{folder}/data", "--listen", "127.0.0.1:0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            token = server.stdout.readline().strip()
            url = re.search(r"http://[^/']+", server.stdout.readline()).group(0)
            yield Api(url, token)
            if server.poll() is not None:
                raise SystemExit(f"the server ended with {server.returncode}")
        finally:
            server.terminate()
            server.wait()
