#!/usr/bin/env bash
# Prometheus 3.5.3 (Debian unstable, 2026-11), scrape setting `convert_classic_histograms_to_nhcb`.
#
# Classic histograms are to be converted to native ones with custom buckets. Expected without `--enable-feature=native-histograms`: an
# error at start, or the classic histogram. Seen: neither form is stored, `up` is 1, nothing is logged at level info, and only
# `scrape_samples_post_metric_relabeling` (0 of 1) tells that something was lost. The gauge beside it is stored.
#
# Output seen:
#   without the flag
#     scrape_samples_post_metric_relabeling 0 scrape_samples_scraped 1 up 1
#     series: none histogram_count: none
#     warnings or errors: none
#   --enable-feature=native-histograms
#     scrape_samples_post_metric_relabeling 1 scrape_samples_scraped 1 up 1
#     series: 1 histogram_count:  4
#     warnings or errors: none
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
SETTINGS = {"convert_classic_histograms_to_nhcb": True}
TEXT_BODY = """# TYPE wait_seconds histogram
wait_seconds_bucket{le="1"} 3
wait_seconds_bucket{le="+Inf"} 4
wait_seconds_sum 5
wait_seconds_count 4
"""
NAMES = "scrape_samples_scraped|scrape_samples_post_metric_relabeling|up"
for flags in ((), ("--enable-feature=native-histograms",)):
    target = fixed(TEXT, TEXT_BODY)
    prometheus = Prometheus(NEW, {"a": (target, SETTINGS), "b": (fixed(TEXT, "other 1\n"), SETTINGS)}, *flags)
    print(*(flags or ("without the flag",)))
    print(" ", *prometheus.samples('{__name__=~"' + NAMES + '",job="a"}'))
    found = prometheus.ask("query", query='count({__name__=~"wait_seconds.*"})')["result"]
    count = prometheus.samples("histogram_count(wait_seconds)")
    print("  series:", *[sample["value"][1] for sample in found] or ["none"], "histogram_count:", *count or ["none"])
    log = prometheus.stop()
    print("  warnings or errors:", *[line for line in log.splitlines() if "level=WARN" in line or "level=ERROR" in line] or ["none"])
PYTHON
)
want='without the flag
  scrape_samples_post_metric_relabeling 0 scrape_samples_scraped 1 up 1
  series: none histogram_count: none
  warnings or errors: none
--enable-feature=native-histograms
  scrape_samples_post_metric_relabeling 1 scrape_samples_scraped 1 up 1
  series: 1 histogram_count:  4
  warnings or errors: none'
echo "$got"
[ "$got" = "$want" ] || { echo "the behaviour has changed" >&2; exit 1; }
