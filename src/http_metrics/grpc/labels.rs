//! The labels of gRPC calls.

use std::sync::Arc;

use metrics::{Label, SharedString};

use super::code::{code_of, http_status};
use super::naming::GrpcNaming;
use crate::http_metrics::config::{Config, Protocol};
use crate::http_metrics::labels::{OTHER, UNMATCHED};
use crate::http_metrics::outcome::{Status, status_text};

/// Whether these are calls that follow the RPC conventions.
fn is_rpc(config: &Config) -> bool {
    config.protocol == Protocol::Grpc && matches!(config.naming.grpc, GrpcNaming::Rpc(_))
}

/// `rpc_system_name` and `rpc_method`, if the calls follow the RPC conventions.
pub(crate) fn rpc_labels(config: &Config, endpoint: &Arc<str>) -> Option<Vec<Label>> {
    let naming = &config.naming;
    is_rpc(config).then(|| {
        let method = match &**endpoint {
            UNMATCHED | OTHER => SharedString::const_str("_OTHER"),
            path => SharedString::from_owned(path.trim_start_matches('/').to_owned()),
        };
        vec![
            Label::new(naming.method.clone(), "grpc"),
            Label::new(naming.endpoint.clone(), method),
        ]
    })
}

/// The status labels of a request or a call.
pub(crate) fn status_labels(config: &Config, status: Status) -> Vec<Label> {
    let naming = &config.naming;
    let http = || Label::new(naming.status.clone(), status_text(http_status(status)));
    let Some(code) = code_of(status) else {
        return vec![http()];
    };
    match &naming.grpc {
        GrpcNaming::Requests(name) => vec![http(), Label::new(name.clone(), code.name())],
        GrpcNaming::Rpc(name) => {
            let is_error = code.is_error(config.side);
            let error = is_error.then(|| Label::new(naming.reason.clone(), code.name()));
            let code = Label::new(name.clone(), code.name());
            [code].into_iter().chain(error).collect()
        }
    }
}
