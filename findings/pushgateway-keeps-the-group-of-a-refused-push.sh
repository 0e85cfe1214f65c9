#!/usr/bin/env bash
# Pushgateway 1.5.1 (Debian 12) and 1.11.2 (Debian unstable, 2026-11).
#
# A push is refused with 400, here because of a time stamp. Expected: nothing has changed at the gateway. Seen: it has a new group with
# `push_failure_time_seconds` and `push_time_seconds` 0, which Prometheus scrapes from then on, until somebody deletes it. A
# misspelt job thus stays in all dashboards. A refused push to a group that exists leaves its old metrics, which look fresh; only
# `push_failure_time_seconds` tells.
#
# Output seen:
#   bookworm
#   good: 200
#   refused: 400, 400
#     a{instance="",job="old"} 1
#     push_failure_time_seconds{instance="",job="new"} now
#     push_failure_time_seconds{instance="",job="old"} now
#     push_time_seconds{instance="",job="new"} 0
#     push_time_seconds{instance="",job="old"} now
#   sid
#   good: 200
#   refused: 400, 400
#     a{instance="",job="old"} 1
#     push_failure_time_seconds{instance="",job="new"} now
#     push_failure_time_seconds{instance="",job="old"} now
#     push_time_seconds{instance="",job="new"} 0
#     push_time_seconds{instance="",job="old"} now
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
debian bookworm prometheus-pushgateway=1.5.1*
debian sid prometheus-pushgateway
got=$(for suite in bookworm sid; do
  echo "$suite"
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  "$dir/$suite/usr/bin/prometheus-pushgateway" --web.listen-address="127.0.0.1:$port" --persistence.file= 2>/dev/null &
  url=http://127.0.0.1:$port
  until curl -fsS "$url/-/ready" >/dev/null 2>&1; do sleep 0.1; done
  push() { curl -sS -o "$dir/answer" -w '%{http_code}\n' --data-binary @- "$url/metrics/job/$1"; }
  echo "good: $(echo 'a 1' | push old)"
  echo "refused: $(echo 'a 2 1700000000000' | push old), $(echo 'a 2 1700000000000' | push new)"
  curl -sS "$url/metrics" | grep -E '^(a|push_(failure_)?time_seconds)\{' | awk '{ print "  " $1, ($2 > 1 ? "now" : $2) }'
  kill %% && wait %% 2>/dev/null || true
done)
want='bookworm
good: 200
refused: 400, 400
  a{instance="",job="old"} 1
  push_failure_time_seconds{instance="",job="new"} now
  push_failure_time_seconds{instance="",job="old"} now
  push_time_seconds{instance="",job="new"} 0
  push_time_seconds{instance="",job="old"} now
sid
good: 200
refused: 400, 400
  a{instance="",job="old"} 1
  push_failure_time_seconds{instance="",job="new"} now
  push_failure_time_seconds{instance="",job="old"} now
  push_time_seconds{instance="",job="new"} 0
  push_time_seconds{instance="",job="old"} now'
echo "$got"
[ "$got" = "$want" ] || { echo "the behaviour has changed" >&2; exit 1; }
