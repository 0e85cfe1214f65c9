use std::time::Duration;

/// Defines the thresholds, their defaults and their setters.
macro_rules! thresholds {
    ($($(#[$docs:meta])* $field:ident: $Type:ty = $default:expr, $shown:literal;)*) => {
        /// The thresholds of the [default rules](super::RulesBuilder::defaults). Shares are from 0 to 1.
        ///
        /// ```
        /// use tower_vitals::alerts::{Rules, Thresholds};
        ///
        /// let rules = Rules::defaults(Thresholds::default().disk(0.95))?;
        /// assert_eq!(rules.get("DiskAlmostFull").unwrap().threshold, 0.95);
        /// # Ok::<_, tower_vitals::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[non_exhaustive]
        #[must_use]
        pub struct Thresholds {
            $($(#[$docs])* #[doc = concat!("\n\nDefaults to ", $shown, ".")] pub $field: $Type,)*
        }

        impl Default for Thresholds {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl Thresholds {
            $(
                $(#[$docs])*
                #[doc = concat!("\n\nDefaults to ", $shown, ".")]
                pub fn $field(mut self, $field: $Type) -> Self {
                    self.$field = $field;
                    self
                }
            )*
        }
    };
}

thresholds! {
    /// The used share of CPU time.
    cpu: f64 = 0.8, "0.8";
    /// The used share of memory.
    memory: f64 = 0.85, "0.85";
    /// The used share of memory that is critical. It counts as no less than `memory`.
    critical_memory: f64 = 0.9, "0.9";
    /// The used share of a file system.
    disk: f64 = 0.9, "0.9";
    /// The share of requests to another service that fail.
    external_api_errors: f64 = 0.1, "0.1";
    /// The share of requests that this service fails to answer.
    request_errors: f64 = 0.05, "0.05";
    /// The time that 95 % of requests take at most.
    request_duration: Duration = Duration::from_secs(2), "2 s";
    /// The share of a pool's database connections that are in use.
    database_connections: f64 = 0.8, "0.8";
    /// The time that a new task waits for its first turn.
    scheduling_delay: Duration = Duration::from_secs(5), "5 s";
}

impl Thresholds {
    /// Each share that is none, such as a percentage, with which its rule would never fire.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let shares = [
            ("cpu", self.cpu),
            ("memory", self.memory),
            ("critical_memory", self.critical_memory),
            ("disk", self.disk),
            ("external_api_errors", self.external_api_errors),
            ("request_errors", self.request_errors),
            ("database_connections", self.database_connections),
        ];
        let wrong = shares
            .into_iter()
            .filter(|(_, share)| !(0.0..=1.0).contains(share));
        wrong
            .map(|(name, share)| {
                format!("the threshold {name} is {share}: a share from 0 to 1 is needed")
            })
            .collect()
    }
}
