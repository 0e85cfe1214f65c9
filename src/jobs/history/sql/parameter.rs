//! `Parameter`: a value that is bound to a statement.

use uuid::Uuid;

pub(super) enum Parameter {
    Text(Option<String>),
    Float(Option<f64>),
    Integer(i64),
}

impl From<&str> for Parameter {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<&str>> for Parameter {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<String> for Parameter {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Parameter {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<Uuid> for Parameter {
    fn from(id: Uuid) -> Self {
        Self::from(Some(id))
    }
}

impl From<Option<Uuid>> for Parameter {
    fn from(id: Option<Uuid>) -> Self {
        Self::Text(id.map(|id| id.to_string()))
    }
}

impl From<f64> for Parameter {
    fn from(float: f64) -> Self {
        Self::Float(Some(float))
    }
}

impl From<Option<f64>> for Parameter {
    fn from(float: Option<f64>) -> Self {
        Self::Float(float)
    }
}

/// Numbers that exceed the range of a database become its largest.
impl From<u64> for Parameter {
    fn from(integer: u64) -> Self {
        Self::Integer(i64::try_from(integer).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Parameter {
    fn from(integer: usize) -> Self {
        Self::from(integer as u64)
    }
}
