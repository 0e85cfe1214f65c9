//! `Route`: the answer of a policy to an alert.

use super::all_labels::AllLabels;
use super::description::Description;
use super::policy::Policy;
use super::refusal::Refusal;
use crate::alerts::announcer::Announcer;
use crate::alerts::level::Level;

/// The answer of a policy to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Taken,
    /// The alert would not get through because of this.
    Refused(Refusal),
}

impl Route {
    /// `labels` are all labels of the alert.
    pub(super) fn of(
        policy: &Policy,
        level: Level,
        labels: &AllLabels,
        description: &Description,
    ) -> Self {
        if description.announced_by == Announcer::Prometheus {
            return Self::Refused(Refusal::AnnouncedByPrometheus);
        }
        let channels = &description.channels;
        if !channels.is_empty() {
            return if channels.contains(&policy.name) {
                Self::Taken
            } else {
                Self::Refused(Refusal::OtherChannels)
            };
        }
        let levels = policy.levels.as_ref();
        if level < policy.min_level || levels.is_some_and(|levels| !levels.contains(&level)) {
            return Self::Refused(Refusal::Level);
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
            Self::Refused(Refusal::Labels)
        }
    }
}
