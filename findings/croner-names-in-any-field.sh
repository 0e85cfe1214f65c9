#!/usr/bin/env bash
# croner 4.0.3 (crates.io) reads the names of months and weekdays in every field of a cron expression.
#
# Expected: `MON * * * *` is an error, because MON is no minute. crontab(5) allows names in the fields month and day of week only.
# Seen: croner replaces names by numbers in the whole text first, so the expression is accepted and runs at minute 1 of each
# hour; `0 FEB * * *` runs at 02:00 each day. A schedule with two fields swapped is accepted and means something else.
#
# Output seen:
#   MON * * * *: 2026-01-01T00:01:00+00:00[UTC] then 2026-01-01T01:01:00+00:00[UTC]
#   0 FEB * * *: 2026-01-01T02:00:00+00:00[UTC] then 2026-01-02T02:00:00+00:00[UTC]
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/src"
cat >"$dir/Cargo.toml" <<'TOML'
[package]
name = "names"
version = "0.0.0"
edition = "2021"

[dependencies]
croner = { version = "=4.0.3", default-features = false, features = ["jiff"] }
jiff = "0.2"
TOML
cat >"$dir/src/main.rs" <<'RUST'
use croner::parser::{CronParser, Seconds};

fn main() {
    let start: jiff::Zoned = "2026-01-01T00:00:00+00:00[UTC]".parse().unwrap();
    for text in ["MON * * * *", "0 FEB * * *"] {
        match CronParser::builder().seconds(Seconds::Disallowed).build().parse(text) {
            Ok(cron) => {
                let first = cron.find_next_occurrence(&start, false).unwrap();
                let second = cron.find_next_occurrence(&first, false).unwrap();
                println!("{text}: {first} then {second}");
            }
            Err(error) => println!("{text}: refused, {error}"),
        }
    }
}
RUST
got=$(cargo run --quiet --manifest-path "$dir/Cargo.toml")
want='MON * * * *: 2026-01-01T00:01:00+00:00[UTC] then 2026-01-01T01:01:00+00:00[UTC]
0 FEB * * *: 2026-01-01T02:00:00+00:00[UTC] then 2026-01-02T02:00:00+00:00[UTC]'
echo "$got"
[ "$got" = "$want" ] || { echo "the behaviour has changed" >&2; exit 1; }
