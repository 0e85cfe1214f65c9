use serde::{Deserialize, Serialize};

/// The treatment of a rule's alerts while its signal has no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoData {
    /// They stay as they are.
    #[default]
    Keep,
    /// They resolve.
    Resolve,
    /// They fire, as if the comparison were true.
    Fire,
}
