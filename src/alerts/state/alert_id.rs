//! `AlertId`: the identity of an alert as a number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::alerts::labels::Labels;
use crate::error::Error;

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;
/// No UTF-8 text contains this byte.
const SEPARATOR: u8 = 0xff;

/// The fingerprint of an alert's name and labels: 16 hexadecimal digits.
///
/// It is the fingerprint that Alertmanager computes for the same labels with the name as `alertname` (FNV-1a over the sorted
/// labels), so it is the same in every process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId(u64);

impl AlertId {
    /// The identity of the alert with this name and these labels. A label `alertname` is ignored.
    #[must_use]
    pub fn of(name: &str, labels: &Labels) -> Self {
        let named = ("alertname", name);
        let others = labels.iter().map(|(label, value)| (&**label, &**value));
        let mut all: Vec<_> = others.filter(|(label, _)| *label != named.0).collect();
        all.insert(all.partition_point(|(label, _)| *label < named.0), named);
        let mut hash = OFFSET;
        for part in all.into_iter().flat_map(|(label, value)| [label, value]) {
            for byte in part.bytes().chain([SEPARATOR]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
            }
        }
        Self(hash)
    }

    pub(super) fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for AlertId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_valid = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = u64::from_str_radix(text, 16).ok().filter(|_| is_valid);
        id.map(Self).ok_or_else(|| {
            Error::invalid(format!(
                "{text:?} is no alert id: allowed are 16 hexadecimal digits"
            ))
        })
    }
}

impl Serialize for AlertId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AlertId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
