//! `IgnoredLinks`: variables that Kubernetes set, not the operator.

/// The names and values of variables that are service links and no settings.
#[derive(Clone, Default)]
pub(super) struct IgnoredLinks(Vec<(String, String)>);

impl IgnoredLinks {
    pub(super) fn add(&mut self, name: &str, link: &str) {
        self.0.push((name.to_owned(), link.to_owned()));
    }

    /// One line for each.
    pub(super) fn log(&self) {
        for (name, link) in &self.0 {
            tracing::info!(
                variable = name,
                value = link,
                "the variable is a service link of Kubernetes: ignored"
            );
        }
    }
}
