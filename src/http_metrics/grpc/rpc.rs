//! The names and labels of gRPC calls.

use std::borrow::Cow;
use std::sync::Arc;

use metrics::{Label, SharedString};

use super::code::{Code, code_of, http_status};
use super::naming::GrpcNaming;
use crate::catalog::{RPC_CLIENT_CALL_DURATION, RPC_SERVER_CALL_DURATION};
use crate::http_metrics::config::{Config, Protocol};
use crate::http_metrics::labels::{OTHER, UNMATCHED};
use crate::http_metrics::naming::{Named, Naming};
use crate::http_metrics::outcome::{Side, Status, status_text};

/// The names of gRPC calls. In OpenTelemetry's RPC conventions (1.44) a call has its duration and nothing else. The
/// labels of requests take the names of those that stand in their place.
pub(crate) fn naming_of_calls(naming: &Naming, side: Side) -> Naming {
    let GrpcNaming::Rpc(status) = &naming.grpc else {
        return naming.clone();
    };
    Naming {
        requests: None,
        duration: Named::new(match side {
            Side::Server => &RPC_SERVER_CALL_DURATION,
            Side::Client => &RPC_CLIENT_CALL_DURATION,
        }),
        in_progress: None,
        aborted: None,
        method: Cow::Borrowed("rpc_system_name"),
        endpoint: Cow::Borrowed("rpc_method"),
        status: status.clone(),
        reason: Cow::Borrowed("error_type"),
        status_on_duration: true,
        ..naming.clone()
    }
}

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
            let is_error = Code::is_error(code, config.side);
            let error = is_error.then(|| Label::new(naming.reason.clone(), code.name()));
            let code = Label::new(name.clone(), code.name());
            [code].into_iter().chain(error).collect()
        }
    }
}
