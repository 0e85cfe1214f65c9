//! `Policy`: the alerts that a channel is told, and when.

use std::collections::BTreeSet;
use std::time::Duration;

use super::escalation::Escalation;
use crate::alerts::level::Level;
use crate::alerts::state::Matcher;

const MINUTE: Duration = Duration::from_secs(60);

/// The alerts that a channel is told, and when.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::alerts::Level;
/// use tower_vitals::alerts::notify::{Notifier, Policy};
/// use tower_vitals::alerts::state::Matcher;
///
/// let chat = Policy::new("chat").escalate_after(Duration::from_secs(900), "pager");
/// let pager = Policy::new("pager").min_level(Level::Critical).matcher(Matcher::equal("team", "payments"));
/// let notifier = Notifier::new(vec![chat, pager])?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub(super) name: String,
    pub(super) min_level: Level,
    pub(super) levels: Option<BTreeSet<Level>>,
    pub(super) matchers: Vec<Matcher>,
    pub(super) group_by: Vec<String>,
    pub(super) group_wait: Duration,
    pub(super) group_interval: Duration,
    pub(super) repeat_interval: Duration,
    pub(super) cooldown: Duration,
    pub(super) max_per_hour: usize,
    pub(super) sends_resolved: bool,
    pub(super) escalation: Option<Escalation>,
    pub(super) announces_silences: bool,
    pub(super) takes_acknowledgements: bool,
}

impl Policy {
    /// The policy of the channel with this name, which gets all alerts.
    pub fn new(channel: impl Into<String>) -> Self {
        Self {
            name: channel.into(),
            min_level: Level::Info,
            levels: None,
            matchers: Vec::new(),
            group_by: vec!["alertname".into()],
            group_wait: Duration::from_secs(30),
            group_interval: 5 * MINUTE,
            repeat_interval: 240 * MINUTE,
            cooldown: 5 * MINUTE,
            max_per_hour: 10,
            sends_resolved: true,
            escalation: None,
            announces_silences: false,
            takes_acknowledgements: false,
        }
    }

    /// The name of the channel.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Only alerts of this level and above. Defaults to all.
    pub fn min_level(mut self, level: Level) -> Self {
        self.min_level = level;
        self
    }

    /// Only alerts of these levels. Defaults to all.
    pub fn levels(mut self, levels: impl IntoIterator<Item = Level>) -> Self {
        self.levels = Some(levels.into_iter().collect());
        self
    }

    /// Only alerts whose labels match. Several matchers must all match. Labels of the rule, `alertname` and `severity` count.
    pub fn matcher(mut self, matcher: Matcher) -> Self {
        self.matchers.push(matcher);
        self
    }

    /// Alerts with the same values of these labels are told together. Defaults to `alertname`. Without labels all alerts are one
    /// group, and `...` groups by all labels, as in Alertmanager.
    pub fn group_by<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.group_by = labels.into_iter().map(Into::into).collect();
        self
    }

    /// The time that a new group waits for more alerts. Defaults to 30 s. A critical alert ends it.
    pub fn group_wait(mut self, wait: Duration) -> Self {
        self.group_wait = wait;
        self
    }

    /// The time between two notifications about changes of a group. Defaults to 5 minutes.
    pub fn group_interval(mut self, interval: Duration) -> Self {
        self.group_interval = interval;
        self
    }

    /// The time after which a group without changes is told again. Defaults to 4 hours, and is rounded up to a multiple of
    /// `group_interval`.
    pub fn repeat_interval(mut self, interval: Duration) -> Self {
        self.repeat_interval = interval;
        self
    }

    /// The time within which the channel is not told again that the same alert fires, also if it is critical. Defaults to 5 minutes;
    /// zero means none.
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown = cooldown;
        self
    }

    /// The most notifications in any hour: 1 to 10,000. Defaults to 10. From 2 on, the last one is kept for notifications about
    /// critical alerts.
    pub fn max_per_hour(mut self, max: usize) -> Self {
        self.max_per_hour = max;
        self
    }

    /// Whether the channel is told that alerts are resolved. Defaults to true.
    pub fn send_resolved(mut self, sends: bool) -> Self {
        self.sends_resolved = sends;
        self
    }

    /// Tells another channel, too, when nobody acknowledged an alert for this long after its announcement. The other channel is
    /// told whatever its levels and matchers are. It may escalate in its turn, also in a circle, because each channel escalates an
    /// alert once.
    pub fn escalate_after(mut self, after: Duration, to: impl Into<String>) -> Self {
        let to = to.into();
        self.escalation = Some(Escalation { after, to });
        self
    }

    /// Whether the channel is told when a silence begins and ends. Defaults to false. Over the cap, these notices are only
    /// counted.
    pub fn announce_silences(mut self, announces: bool) -> Self {
        self.announces_silences = announces;
        self
    }

    /// Whether the channel is told at once that a person acknowledged an alert:
    /// [`Channel::takes_acknowledgements`](crate::alerts::channels::Channel::takes_acknowledgements). Defaults to false.
    pub fn takes_acknowledgements(mut self, takes: bool) -> Self {
        self.takes_acknowledgements = takes;
        self
    }
}
