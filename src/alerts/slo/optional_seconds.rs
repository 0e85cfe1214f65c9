//! Optional durations as seconds, for serde.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
struct Seconds(#[serde(with = "crate::alerts::seconds")] Duration);

#[expect(clippy::ref_option, reason = "serde passes the field so")]
pub(super) fn serialize<S: Serializer>(
    duration: &Option<Duration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    duration.map(Seconds).serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Duration>, D::Error> {
    let seconds = Option::<Seconds>::deserialize(from)?;
    Ok(seconds.map(|Seconds(duration)| duration))
}
