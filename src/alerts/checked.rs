use crate::error::Error;

/// [`Rules`](super::Rules) or [`Slos`](super::slo::Slos) with the mistakes that were found in them.
///
/// [`AlertsBuilder`](super::AlertsBuilder) takes those that were built, or their builder: then [`run`](super::AlertsBuilder::run)
/// reports their mistakes together with its own.
#[derive(Debug, Clone)]
pub struct Checked<T> {
    pub(super) value: T,
    pub(super) mistakes: Vec<String>,
}

impl<T> Checked<T> {
    pub(super) fn into_result(self) -> Result<T, Error> {
        Error::combine(self.mistakes.into_iter().map(Error::invalid))?;
        Ok(self.value)
    }
}

impl<T> From<T> for Checked<T> {
    fn from(value: T) -> Self {
        let mistakes = Vec::new();
        Self { value, mistakes }
    }
}
