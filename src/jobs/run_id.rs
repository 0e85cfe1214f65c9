//! Ids of runs and problems: UUIDs of version 7, which sort by time.

use std::time::SystemTime;

use uuid::{NoContext, Timestamp, Uuid};

pub(super) fn new_id() -> Uuid {
    id_at(SystemTime::now())
}

/// A UUID counts from 1970. A clock before that, as of a board without a battery, counts as 1970.
fn id_at(now: SystemTime) -> Uuid {
    if now < SystemTime::UNIX_EPOCH {
        return Uuid::new_v7(Timestamp::from_unix(NoContext, 0, 0));
    }
    Uuid::now_v7()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_clock_before_1970_counts_as_1970() {
        let early = SystemTime::UNIX_EPOCH - Duration::from_hours(1);
        let (one, other) = (id_at(early), id_at(early));
        assert_ne!(one, other);
        for id in [one, other] {
            assert_eq!(id.get_version_num(), 7);
            assert_eq!(id.get_timestamp().unwrap().to_unix(), (0, 0));
        }
        assert!(id_at(SystemTime::now()) > one);
    }
}
