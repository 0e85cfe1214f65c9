//! The labels of each family's series.

use std::borrow::Cow;
use std::sync::Arc;

use metrics::{Label, SharedString};

use super::config::Config;
use super::duration_status::DurationStatus;
use super::ending::{Ending, NO_STATUS, status_class, status_text};
use super::error_type::error_type;
use super::grpc::{Code, endpoint_text, method_text, push_grpc_status, push_rpc_status};
use super::labels::UNMATCHED;

/// A family whose labels differ from those of the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Of {
    InProgress,
    BodySize,
    Requests(Ending),
    Duration(Ending),
    Aborted(&'static str),
}

/// The labels of a family for an endpoint and an index from [`Config::label_index`].
pub(crate) fn labels(config: &Config, endpoint: &Arc<str>, index: usize, of: Of) -> Vec<Label> {
    let naming = &config.naming;
    let mut labels = Vec::with_capacity(8);
    let mut push = |name: &Cow<'static, str>, value: SharedString| {
        labels.push(Label::new(name.clone(), value));
    };
    if let (Some(name), Some(service)) = (&naming.service, &config.service) {
        push(name, service.clone().into());
    }
    if let Some(name) = &naming.method {
        push(name, method_text(config, index));
    }
    if has_endpoint(config, endpoint, of) {
        push(&naming.endpoint, endpoint_text(config, endpoint));
    }
    let combination = index / config.methods();
    let is_gauge = of == Of::InProgress;
    config.request_labels.push(
        combination,
        |label| !is_gauge || label.is_on_gauge,
        &mut labels,
    );
    match of {
        Of::InProgress | Of::BodySize => {}
        Of::Aborted(reason) => labels.push(Label::new(naming.reason.clone(), reason)),
        Of::Requests(ending) => push_ending(config, ending, DurationStatus::Code, &mut labels),
        Of::Duration(ending) => push_ending(config, ending, config.duration_status(), &mut labels),
    }
    labels
}

fn has_endpoint(config: &Config, endpoint: &str, of: Of) -> bool {
    let convention = config.naming.convention;
    let has_label = match of {
        Of::InProgress => convention.has_endpoint_on_gauge,
        Of::Duration(_) => convention.has_endpoint_on_duration || config.endpoint_on_duration,
        _ => true,
    };
    has_label && (convention.names_unmatched || endpoint != UNMATCHED)
}

fn push_ending(config: &Config, ending: Ending, detail: DurationStatus, labels: &mut Vec<Label>) {
    let naming = &config.naming;
    config
        .response_labels
        .push(ending.variant(), |_| true, labels);
    let code = Code::of(ending);
    if code.is_some_and(|code| push_rpc_status(config, code, labels)) {
        return;
    }
    let status = ending.status();
    let text = match detail {
        _ if status == NO_STATUS => None,
        DurationStatus::Absent => None,
        DurationStatus::Class => Some(status_class(status)),
        DurationStatus::Code => Some(status_text(status)),
    };
    labels.extend(text.map(|text| Label::new(naming.status.clone(), text)));
    if let Some(code) = code
        && detail != DurationStatus::Absent
    {
        push_grpc_status(config, code, labels);
    }
    if naming.convention.has_error_type {
        let error_type = error_type(config.side(), status, ending.outcome());
        labels.extend(error_type.map(|error| Label::new(naming.reason.clone(), error)));
    }
}
