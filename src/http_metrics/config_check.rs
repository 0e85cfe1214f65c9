//! The checks of a layer's configuration.

use super::config::{Config, Protocol};
use super::ending::MAX_VARIANTS;
use super::extra_label::ExtraLabel;
use super::grpc::{GrpcNaming, naming_of_calls};
use super::label_set::LabelSet;
use super::outcome::Side;

/// The number of combinations of declared values that the extra labels of one layer may have.
const MAX_DECLARED: usize = 128;

/// The number of combinations of values, learned ones included, that the extra labels of one layer may have.
const MAX_COMBINATIONS: usize = 10_000;

const _: () = assert!(MAX_DECLARED <= MAX_VARIANTS);

impl Config {
    /// All mistakes for a layer of this side.
    pub(crate) fn problems(&self, side: Side) -> Vec<String> {
        let response = || self.response_labels.iter().flat_map(ExtraLabel::names);
        let names = || {
            let request = self.request_labels.iter().flat_map(ExtraLabel::names);
            request.chain(response())
        };
        let mut problems = match (self.protocol, &self.naming.grpc) {
            (Protocol::Both, GrpcNaming::Requests(status)) => {
                self.naming.problems(names().chain([status]))
            }
            _ => self.naming.problems(names()),
        };
        if problems.is_empty() && self.protocol == Protocol::Both {
            problems = naming_of_calls(&self.naming).problems(names());
        }
        problems.extend(problems_of(&self.request_labels));
        problems.extend(problems_of(&self.response_labels));
        if side != self.side() {
            let (own, other, advice) = match side {
                Side::Server => (
                    "server",
                    "client",
                    "prometheus, open_telemetry or axum_prometheus",
                ),
                Side::Client => ("client", "server", "external_api or open_telemetry_client"),
            };
            problems.push(format!(
                "the naming is for a {other}: the naming of a {own}'s layer begins with {advice}"
            ));
        }
        let is_code = |status: &u16| (100..1000).contains(status);
        let wrong = self.zero_statuses.iter().filter(|status| !is_code(status));
        problems.extend(wrong.map(|status| {
            format!("zero status {status} is no status code: it must be between 100 and 999")
        }));
        if let Some(scheme) = &self.url_scheme
            && !matches!(&**scheme, "http" | "https")
        {
            problems.push(format!(
                "URL scheme {scheme:?} is neither \"http\" nor \"https\""
            ));
        }
        problems
    }
}

fn problems_of<P>(labels: &LabelSet<P>) -> Vec<String> {
    let empty = labels.iter().filter(|label| label.values.count() < 2);
    let mut problems: Vec<_> = empty
        .map(|label| {
            let name = &label.name;
            format!("label {name:?} has no values: at least one is needed")
        })
        .collect();
    let declared = labels.combinations(|label| !label.values.is_learned());
    let all = labels.combinations(|_| true);
    let (count, max) = if declared > MAX_DECLARED {
        (declared, MAX_DECLARED)
    } else {
        (all, MAX_COMBINATIONS)
    };
    if count > max {
        problems.push(format!(
            "extra labels have {count} combinations of values (\"other\" included): at most {max} are allowed, because \
             each multiplies the series of every endpoint"
        ));
    }
    problems
}
