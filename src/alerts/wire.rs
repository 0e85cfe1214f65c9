//! Forms in JSON that lose nothing: times to the nanosecond, values that are no number.

/// A time as RFC 3339 with nanoseconds. Times outside the years -9999 to 9999 become the nearest time inside.
pub(in crate::alerts) mod time {
    use std::cell::RefCell;
    use std::time::{SystemTime, UNIX_EPOCH};

    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    thread_local! {
        /// The last time that was written, and its text: most times of a document are the same, and the text of one costs as much as
        /// the rest of an alert.
        static LAST: RefCell<Option<(SystemTime, String)>> = const { RefCell::new(None) };
    }

    pub(in crate::alerts) fn serialize<S: Serializer>(
        time: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let last = LAST.take().filter(|(last, _)| last == time);
        let last = last.unwrap_or_else(|| (*time, text(*time)));
        let result = serializer.serialize_str(&last.1);
        LAST.set(Some(last));
        result
    }

    fn text(time: SystemTime) -> String {
        let nearest = if time < UNIX_EPOCH {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        Timestamp::try_from(time).unwrap_or(nearest).to_string()
    }

    pub(in crate::alerts) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time: Timestamp = text.parse().map_err(D::Error::custom)?;
        Ok(time.into())
    }
}

/// Like [`time`], or null.
pub(in crate::alerts) mod optional_time {
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Time(#[serde(with = "super::time")] SystemTime);

    pub(in crate::alerts) fn serialize<T, S>(time: &T, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Copy + Into<Option<SystemTime>>,
        S: Serializer,
    {
        (*time).into().map(Time).serialize(serializer)
    }

    pub(in crate::alerts) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        let time = Option::<Time>::deserialize(deserializer)?;
        Ok(time.map(|Time(time)| time))
    }
}

/// A value as text, as in the API of Prometheus, because JSON has no NaN and no infinity.
pub(in crate::alerts) mod value {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(in crate::alerts) fn serialize<T, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Copy + Into<Option<f64>>,
        S: Serializer,
    {
        let text = (*value).into().map(|value| value.to_string());
        text.serialize(serializer)
    }

    pub(in crate::alerts) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse())
            .transpose()
            .map_err(D::Error::custom)
    }
}
