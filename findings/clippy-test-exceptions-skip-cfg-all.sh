#!/usr/bin/env bash
# clippy 0.1.95 (Rust 1.95.0).
#
# `allow-unwrap-in-tests = true` in clippy.toml covers helper functions in a module under `#[cfg(test)]`, and under the two
# attributes `#[cfg(feature = "x")] #[cfg(test)]`. It does not cover them under the equivalent `#[cfg(all(test, feature = "x"))]`:
# there `unwrap_used` is reported.
#
# Seen: one error, in the module under `cfg(all(..))`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[features]
default = ["x"]
x = []

[lints.clippy]
unwrap_used = "deny"
TOML
echo 'allow-unwrap-in-tests = true' >clippy.toml
module() {
  printf '%s\nmod %s {\n    fn helper() -> u8 {\n        Some(1).filter(|n| *n > 0).unwrap()\n    }\n    #[test]\n    fn passes() {\n        assert_eq!(helper(), 1);\n    }\n}\n' "$1" "$2"
}
{
  module '#[cfg(test)]' plain
  module '#[cfg(all(test, feature = "x"))]' combined
  printf '#[cfg(feature = "x")]\n'
  module '#[cfg(test)]' stacked
} >src/lib.rs
combined=$(grep -n 'mod combined' src/lib.rs | cut -d: -f1)
reported=$(cargo clippy --quiet --all-targets --message-format short 2>&1 | grep -o 'src/lib.rs:[0-9]*:.*unwrap()' | cut -d: -f2 | sort -u) || true
echo "unwrap_used is reported in line $reported; the module under cfg(all(..)) starts in line $combined"
[ "$(echo "$reported" | wc -l)" = 1 ] && [ "$reported" = $((combined + 2)) ]
