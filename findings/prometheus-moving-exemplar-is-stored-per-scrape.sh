#!/usr/bin/env bash
# Prometheus 2.42.0 (Debian 12) and 3.5.3 (Debian unstable, 2026-11) with `--enable-feature=exemplar-storage`.
#
# An exemplar stands in each scrape until another one replaces it. Expected: it is stored once, whatever time stands beside it, because
# its labels and its value are the same. Seen: without a time and with the time of its record it is stored once; with the time of the
# scrape it is stored at each scrape, so a graph shows one request as a row of points, and they displace other exemplars.
#
# Output seen:
#   Prometheus 2, time none: one
#   Prometheus 2, time fixed: one
#   Prometheus 2, time moving: one for each scrape
#     scrapes: up 1 up 1 up 1
#   Prometheus 3, time none: one
#   Prometheus 3, time fixed: one
#   Prometheus 3, time moving: one for each scrape
#     scrapes: up 1 up 1 up 1
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# debian SUITE PACKAGE..: unpacks packages of Debian into $dir/SUITE, without the machine's own lists.
debian() {
  local suite=$1 apt=$dir/apt-$1 options
  shift
  mkdir -p "$apt/parts" "$apt/lists/partial" "$apt/cache/archives/partial" "$dir/$suite"
  awk -v RS= 'NR == 1' /etc/apt/sources.list.d/debian.sources | sed "s/^Suites:.*/Suites: $suite/" >"$apt/parts/d.sources"
  options=(-oDir::Etc::SourceList=/dev/null -oDir::Etc::SourceParts="$apt/parts" -oDir::State::Lists="$apt/lists"
    -oDir::Cache="$apt/cache" -oAPT::Sandbox::User=root)
  apt-get "${options[@]}" update -qq && (cd "$apt" && apt-get "${options[@]}" download -qq "$@")
  for deb in "$apt"/*.deb; do dpkg -x "$deb" "$dir/$suite"; done
}
debian bookworm prometheus=2.42.0*
debian sid prometheus
"$dir/sid/usr/bin/prometheus" --version | grep -q 'version 3\.' || { echo "unstable has no Prometheus 3" >&2; exit 1; }
got=$(python3 - "$dir" <<'PYTHON'
import http.server, json, subprocess, sys, tempfile, threading, time, urllib.parse, urllib.request

def serve(answer):
    """Serves `answer(request)`: a content type and a body. Returns the address and the list of requests' headers."""
    requests = []
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(dict(self.headers))
            headers, body = answer()
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_port}", requests

class Prometheus:
    """Scrapes each target three times, as a job of its name with these settings."""
    def __init__(self, program, targets, *flags):
        self.dir = tempfile.mkdtemp(dir=sys.argv[1])
        jobs = [dict(job_name=name, static_configs=[dict(targets=[address])], **settings)
                for name, ((address, _), settings) in targets.items()]
        with open(f"{self.dir}/p.yml", "w") as config:
            json.dump({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}, config)
        port = http.server.HTTPServer(("127.0.0.1", 0), None)
        self.url = f"http://127.0.0.1:{port.server_port}/api/v1/"
        port.server_close()
        self.log = open(f"{self.dir}/log", "w+")
        self.process = subprocess.Popen(
            [program, f"--config.file={self.dir}/p.yml", f"--storage.tsdb.path={self.dir}/data", "--log.level=info",
             f"--web.listen-address={self.url[7:-8]}", *flags], stdout=self.log, stderr=self.log)
        deadline = time.time() + 60
        seen = [len(requests) for (_, requests), _ in targets.values()]
        while any(len(requests) < before + 3 for before, ((_, requests), _) in zip(seen, targets.values())):
            assert time.time() < deadline and self.process.poll() is None, open(f"{self.dir}/log").read()
            time.sleep(0.1)
        while not self.ask("query", query="count(up) > %d" % (len(targets) - 1))["result"]:
            time.sleep(0.1)
    def ask(self, path, **parameters):
        with urllib.request.urlopen(self.url + path + "?" + urllib.parse.urlencode(parameters)) as answer:
            return json.load(answer)["data"]
    def samples(self, query):
        """Each sample by its labels, without those of the target."""
        shown = []
        for sample in self.ask("query", query=query)["result"]:
            labels = {k: v for k, v in sample["metric"].items() if k not in ("__name__", "instance", "job")}
            labels = ",".join(f'{k}="{v}"' for k, v in sorted(labels.items()))
            shown.append(sample["metric"].get("__name__", "") + (f"{{{labels}}}" if labels else "") + " " + sample["value"][1])
        return sorted(shown)
    def stop(self):
        log = open(f"{self.dir}/log").read()
        self.process.terminate()
        self.process.wait()
        return log

TEXT = {"Content-Type": "text/plain; version=0.0.4"}
OPEN = {"Content-Type": "application/openmetrics-text; version=1.0.0"}
def fixed(headers, text):
    return serve(lambda: (headers, text.encode()))
OLD, NEW = (f"{sys.argv[1]}/{suite}/usr/bin/prometheus" for suite in ("bookworm", "sid"))
def text(time_of_exemplar):
    return lambda: (OPEN, f'# TYPE a counter\na_total 1 # {{trace_id="x"}} 1{time_of_exemplar()}\n# EOF\n'.encode())
started = f" {time.time():.3f}"
times = {"none": lambda: "", "fixed": lambda: started, "moving": lambda: f" {time.time():.3f}"}
for version, program in (("2", OLD), ("3", NEW)):
    targets = {name: (serve(text(of_exemplar)), {}) for name, of_exemplar in times.items()}
    prometheus = Prometheus(program, targets, "--enable-feature=exemplar-storage")
    now = time.time()
    found = prometheus.ask("query_exemplars", query="a_total", start=now - 600, end=now + 600)
    stored = {series["seriesLabels"]["job"]: len(series["exemplars"]) for series in found}
    for name in times:
        print(f"Prometheus {version}, time {name}:", "one" if stored[name] == 1 else "one for each scrape" if stored[name] >= 3 else stored[name])
    print("  scrapes:", *prometheus.samples("up"))
    prometheus.stop()
PYTHON
)
want='Prometheus 2, time none: one
Prometheus 2, time fixed: one
Prometheus 2, time moving: one for each scrape
  scrapes: up 1 up 1 up 1
Prometheus 3, time none: one
Prometheus 3, time fixed: one
Prometheus 3, time moving: one for each scrape
  scrapes: up 1 up 1 up 1'
echo "$got"
[ "$got" = "$want" ] || { echo "the behaviour has changed" >&2; exit 1; }
