//! `EndpointSeries`: the part of a series in the table of endpoints.

use super::endpoint_row::CLASSES;
use super::request_names::Convention;
use crate::exporter::Labels;

/// The endpoint of requests that no route matched, where the convention has no label for them.
pub(super) const UNMATCHED: &str = "unmatched";

/// A family of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part {
    Requests,
    Durations,
    InFlight,
}

/// The values in the labels of a series.
#[derive(Debug, Clone, Copy)]
pub(super) struct EndpointSeries {
    /// The column of the status class, if it has one.
    pub(super) class: Option<usize>,
    pub(super) is_error: bool,
}

impl EndpointSeries {
    pub(super) fn new(labels: &Labels, names: &Convention) -> Self {
        let label = |name: &str| labels.get(name).unwrap_or_default();
        let status = label(&names.status);
        Self {
            class: match status.as_bytes() {
                [class @ b'2'..=b'5', ..] => Some(CLASSES + usize::from(class - b'2')),
                _ => None,
            },
            is_error: match &names.error_type {
                // The clients that went away did not see an error.
                Some(name) => !matches!(label(name), "" | "cancelled" | "body_dropped"),
                None => status.starts_with('5'),
            },
        }
    }

    /// The method and the endpoint of a series; `None` if it counts those of all endpoints.
    pub(super) fn endpoint(
        part: Part,
        labels: &Labels,
        names: &Convention,
    ) -> Option<(String, String)> {
        let endpoint = match labels.get(&names.endpoint) {
            Some(endpoint) => endpoint,
            // The gauges of some conventions have no endpoint.
            None if part == Part::InFlight => return None,
            None => UNMATCHED,
        };
        let method = names.method.as_deref().and_then(|name| labels.get(name));
        Some((method.unwrap_or_default().to_owned(), endpoint.to_owned()))
    }
}
