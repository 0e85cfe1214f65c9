//! `Route`: the answer of a policy to an alert.

use super::cause::Cause;
use super::description::Description;
use super::policy::Policy;
use crate::alerts::announcer::Announcer;
use crate::alerts::evaluated::Labels;
use crate::alerts::level::Level;

/// The answer of a policy to an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Taken,
    /// The alert would not get through because of this.
    Refused(Cause),
}

impl Route {
    /// `labels` are all labels of the alert.
    pub(super) fn of(
        policy: &Policy,
        level: Level,
        labels: &Labels,
        description: &Description,
    ) -> Self {
        if description.announced_by == Announcer::Prometheus {
            return Self::Refused(Cause::AnnouncedByPrometheus);
        }
        let channels = &description.channels;
        if !channels.is_empty() {
            return if channels.contains(&policy.name) {
                Self::Taken
            } else {
                Self::Refused(Cause::OtherChannels)
            };
        }
        let levels = policy.levels.as_ref();
        if level < policy.min_level || levels.is_some_and(|levels| !levels.contains(&level)) {
            return Self::Refused(Cause::Level);
        }
        let matches = policy.matchers.iter().all(|matcher| {
            let value = match (labels.get(&matcher.label), &*matcher.label) {
                (Some(value), _) => value,
                (None, "level") => level.as_str(),
                (None, _) => "",
            };
            matcher.matches(value)
        });
        if matches {
            Self::Taken
        } else {
            Self::Refused(Cause::Labels)
        }
    }
}
