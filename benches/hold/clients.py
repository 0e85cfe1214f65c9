"""What clients that hold connections do to a service: how long a probe waits beside them, and how it ends on SIGTERM.

Run: cargo build --all-features --examples && python3 benches/hold/clients.py [FOLDER OF EXAMPLES]

Needs Python alone, takes about a minute, and binds free ports on 127.0.0.1. `jobs` serves with `Routes::spawn`; the others with
`axum::serve`, which has no limits of its own. "code" is the exit code: 0 after `main` has returned, 143 and 130 after an exit by the
signal's thread, -9 if the process had to be killed.
"""

import concurrent.futures
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

FOLDER = sys.argv[1] if len(sys.argv) > 1 else "target/debug/examples"
EXAMPLES = ["quickstart", "custom_check", "health", "instruments", "jobs"]
HELD = {
    "nothing": None,
    "silent": b"",
    "keep-alive": b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    "half head": b"GET /livez HTTP/1.1\r\nHos",
}
LIMIT = 100


class Service:
    def __init__(self, name):
        self.folder = tempfile.TemporaryDirectory()
        variables = dict(os.environ, PORT="0", JOBS_DB=os.path.join(self.folder.name, "jobs.db"))
        self.process = subprocess.Popen(
            [os.path.join(FOLDER, name)], env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = next(line for line in self.process.stdout if line.startswith("listening on "))
        self.port = int(line.rsplit(":", 1)[1])
        self.reader = concurrent.futures.ThreadPoolExecutor(1)
        self.reader.submit(lambda: [None for _ in self.process.stdout])

    def hold(self, kind, count):
        """Opens connections and sends `kind` on each."""
        held = []
        for _ in range(count if HELD[kind] is not None else 0):
            client = socket.create_connection(("127.0.0.1", self.port), LIMIT)
            client.sendall(HELD[kind])
            held.append(client)
        time.sleep(0.5)
        return held

    def probe(self):
        began = time.monotonic()
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        client.request("GET", "/livez")
        assert client.getresponse().status == 200
        return time.monotonic() - began

    def end(self, began, limit=LIMIT):
        """Waits for the end, and returns the exit code and the seconds since `began`."""
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.folder.cleanup()
        return code, time.monotonic() - began


def probes(kind, count):
    service = Service("jobs")
    held = service.hold(kind, count)
    try:
        slowest = f"{max(service.probe() for _ in range(20)):.3f}"
    except OSError:
        slowest = f"> {LIMIT}"
    service.process.kill()
    service.end(0)
    return f"{kind:<12}{count:>6}{slowest:>12}", held


def shutdown(name, kind, second):
    service = Service(name)
    held = service.hold(kind, 20)
    began = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    if second:
        time.sleep(1)
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
    code, took = service.end(began)
    return f"{code:>5}{took:>7.1f} s", held


with concurrent.futures.ThreadPoolExecutor(64) as pool:
    print("the slowest of 20 probes of `jobs` beside held connections, seconds (wanted < 1)")
    print(f"{'held':<12}{'count':>6}{'slowest':>12}")
    rows = [pool.submit(probes, kind, count) for kind in ["silent", "half head", "keep-alive"] for count in [255, 256, 300]]
    for row in rows:
        print(row.result()[0], flush=True)

    print("\ncode and seconds from SIGTERM to the end beside 20 held connections (wanted <= 30), and from a second SIGTERM")
    print(f"{'example':<14}" + "".join(f"{kind:>14}" for kind in HELD) + f"{'half head, 2nd':>16}")
    ends = {
        name: [pool.submit(shutdown, name, kind, False) for kind in HELD] + [pool.submit(shutdown, name, "half head", True)]
        for name in EXAMPLES
    }
    for name, row in ends.items():
        print(f"{name:<14}" + "".join(f"{cell.result()[0]:>14}" for cell in row[:-1]) + f"{row[-1].result()[0]:>16}", flush=True)
