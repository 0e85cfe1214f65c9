#!/usr/bin/env bash
# promtool of Prometheus 2.42.0 (Debian 12) and 3.5.3 (Debian unstable, 2026-11).
#
# A counter is scraped each minute, and a query is evaluated at the time of a scrape. Expected: the same result from both. Seen: a window of
# Prometheus 2 contains the sample at its left edge, so `[5m]` has 6 samples, and 5 in Prometheus 3. A counter that rose by 8 in the
# first of the five minutes has an increase of 8 in Prometheus 2 and of 0 in Prometheus 3. A window of one interval has two samples in
# Prometheus 2 and one in Prometheus 3, so `increase(a[1m])` returns nothing there, and an alert on it never fires again.
#
# Output seen:
#   bookworm
#   count_over_time(a[5m])
#     6E+00
#   increase(a[5m])
#     8E+00
#   count_over_time(a[1m])
#     2E+00
#   increase(a[1m])
#     0E+00
#   sid
#   count_over_time(a[5m])
#     5E+00
#   increase(a[5m])
#     0E+00
#   count_over_time(a[1m])
#     1E+00
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
debian sid promtool
"$dir/sid/usr/bin/promtool" --version | grep -q 'version 3\.' || { echo "unstable has no Prometheus 3" >&2; exit 1; }
# No result is expected, so that promtool shows each one.
cat >"$dir/windows.yml" <<'YAML'
rule_files: []
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series: [{ series: a, values: "0 8 8 8 8 8" }]
    promql_expr_test:
      - { expr: "count_over_time(a[5m])", eval_time: 5m, exp_samples: [] }
      - { expr: "increase(a[5m])", eval_time: 5m, exp_samples: [] }
      - { expr: "count_over_time(a[1m])", eval_time: 5m, exp_samples: [] }
      - { expr: "increase(a[1m])", eval_time: 5m, exp_samples: [] }
YAML
got=$(for suite in bookworm sid; do
  echo "$suite"
  "$dir/$suite/usr/bin/promtool" test rules "$dir/windows.yml" 2>&1 | sed -n 's/^ *expr: "\(.*\)", time.*/\1/p; s/^ *got: {} /  /p' || true
done)
want='bookworm
count_over_time(a[5m])
  6E+00
increase(a[5m])
  8E+00
count_over_time(a[1m])
  2E+00
increase(a[1m])
  0E+00
sid
count_over_time(a[5m])
  5E+00
increase(a[5m])
  0E+00
count_over_time(a[1m])
  1E+00'
echo "$got"
[ "$got" = "$want" ] || { echo "the behaviour has changed" >&2; exit 1; }
