//! The conventions that a `Naming` starts from.

use std::borrow::Cow;

use super::duration_status::DurationStatus;
use super::grpc::GrpcNaming;
use super::naming::{Convention, Named, Naming};
use super::outcome::Side;
use crate::catalog;

const PROMETHEUS: Convention = Convention {
    side: Side::Server,
    duration_status: DurationStatus::Absent,
    has_endpoint_on_duration: true,
    has_endpoint_on_gauge: true,
    names_unmatched: true,
    has_error_type: false,
    has_url_scheme: false,
    has_server_address: false,
};

const OPEN_TELEMETRY: Convention = Convention {
    duration_status: DurationStatus::Code,
    has_endpoint_on_gauge: false,
    names_unmatched: false,
    has_error_type: true,
    has_url_scheme: true,
    ..PROMETHEUS
};

impl Naming {
    /// `http_requests_total`, `http_request_duration_seconds`, `http_requests_in_progress`,
    /// `http_requests_aborted_total`, and for bodies `http_request_body_size_bytes`, `http_response_body_size_bytes`,
    /// with the labels `method`, `endpoint`, `status`, `reason`. The default of a server's layer.
    pub const fn prometheus() -> Self {
        Self {
            requests: Some(Named::new(&catalog::HTTP_REQUESTS)),
            duration: Named::new(&catalog::HTTP_REQUEST_DURATION),
            in_progress: Some(Named::new(&catalog::HTTP_REQUESTS_IN_PROGRESS)),
            aborted: Some(Named::new(&catalog::HTTP_REQUESTS_ABORTED)),
            request_body_size: Named::new(&catalog::HTTP_REQUEST_BODY_SIZE),
            response_body_size: Named::new(&catalog::HTTP_RESPONSE_BODY_SIZE),
            service: None,
            method: Some(Cow::Borrowed("method")),
            endpoint: Cow::Borrowed("endpoint"),
            status: Cow::Borrowed("status"),
            reason: Cow::Borrowed("reason"),
            convention: PROMETHEUS,
            grpc: GrpcNaming::Requests(Cow::Borrowed("grpc_status")),
        }
    }

    /// `external_api_requests_total` and `external_api_duration_seconds`, with the labels `service`, `endpoint` and
    /// `status`. The default of a client's layer.
    pub fn external_api() -> Self {
        Self {
            requests: Some(Named::new(&catalog::EXTERNAL_API_REQUESTS)),
            duration: Named::new(&catalog::EXTERNAL_API_DURATION),
            in_progress: None,
            aborted: None,
            service: Some(Cow::Borrowed("service")),
            method: None,
            convention: Convention {
                side: Side::Client,
                has_endpoint_on_duration: false,
                ..PROMETHEUS
            },
            ..Self::prometheus()
        }
    }

    /// OpenTelemetry's semantic conventions 1.44 for the metrics of HTTP servers, in the spelling of its Prometheus
    /// compatibility specification:
    ///
    /// | metric | labels |
    /// |---|---|
    /// | `http_server_request_duration_seconds` | `http_request_method`, `url_scheme`, `http_route`, `http_response_status_code`, `error_type` |
    /// | `http_server_active_requests` | `http_request_method`, `url_scheme` |
    /// | `http_server_request_body_size_bytes`, `http_server_response_body_size_bytes` | `http_request_method`, `url_scheme`, `http_route` |
    ///
    /// `http_route` is absent where no route matched, and `http_response_status_code` where no response was sent.
    /// `error_type` is only on requests that failed: the status if it is 500 or higher, else `cancelled`, `panic`,
    /// `service_error`, `body_error` or `body_dropped`. `url_scheme` is the scheme in `Forwarded` or
    /// `X-Forwarded-Proto`, else of the request's target, else `http`; see
    /// [`url_scheme`](super::HttpMetricsBuilder::url_scheme). The convention's optional labels are options of the
    /// layer: [`network_protocol_version`](super::HttpMetricsBuilder::network_protocol_version) and
    /// [`server_addresses`](super::HttpMetricsBuilder::server_addresses).
    ///
    /// The convention has no counter of requests. The duration carries the status, so its `_count` serves as one.
    /// Requests that ended early are also counted in `http_server_requests_aborted_total` with `error_type`, which is
    /// not of the convention.
    ///
    /// With [`grpc`](super::HttpMetricsBuilder::grpc), gRPC calls follow the conventions for RPC servers instead:
    /// `rpc_server_call_duration_seconds` with `rpc_system_name`, `rpc_method` (`pkg.Service/Method`, or `_OTHER`),
    /// `rpc_response_status_code` (such as `NOT_FOUND`), and `error_type` if that is a server's error. These conventions
    /// have no gauge and no sizes.
    pub const fn open_telemetry() -> Self {
        Self {
            requests: None,
            duration: Named::new(&catalog::OTEL_REQUEST_DURATION),
            in_progress: Some(Named::new(&catalog::OTEL_ACTIVE_REQUESTS)),
            aborted: Some(Named::new(&catalog::OTEL_REQUESTS_ABORTED)),
            request_body_size: Named::new(&catalog::OTEL_REQUEST_BODY_SIZE),
            response_body_size: Named::new(&catalog::OTEL_RESPONSE_BODY_SIZE),
            service: None,
            method: Some(Cow::Borrowed("http_request_method")),
            endpoint: Cow::Borrowed("http_route"),
            status: Cow::Borrowed("http_response_status_code"),
            reason: Cow::Borrowed("error_type"),
            convention: OPEN_TELEMETRY,
            grpc: GrpcNaming::Rpc(Cow::Borrowed("rpc_response_status_code")),
        }
    }

    /// OpenTelemetry's semantic conventions 1.44 for the metrics of HTTP clients:
    /// `http_client_request_duration_seconds` with `http_request_method`, `server_address`, `server_port`,
    /// `http_response_status_code` and `error_type`, and `url_template` if the layer's
    /// [`endpoint`](super::ClientMetricsBuilder::endpoint) names it. There is no `service` label.
    ///
    /// `error_type` is only on calls that failed: the status if it is 400 or higher, else `timeout`, `error`, `panic` or
    /// `body_error`. A call that its caller dropped has neither status nor `error_type`, because the convention does not
    /// treat a cancellation as an error. `server_address` and `server_port` are those of the request's URI, for the first
    /// 100 servers; further ones are `other`.
    ///
    /// With [`grpc`](super::ClientMetricsBuilder::grpc), gRPC calls are `rpc_client_call_duration_seconds` with
    /// `rpc_system_name`, `rpc_method`, `rpc_response_status_code` and `error_type`, and `server_address` and
    /// `server_port` if the request's URI has them.
    pub fn open_telemetry_client() -> Self {
        Self {
            duration: Named::new(&catalog::OTEL_CLIENT_REQUEST_DURATION),
            in_progress: None,
            aborted: None,
            endpoint: Cow::Borrowed("url_template"),
            convention: Convention {
                side: Side::Client,
                has_url_scheme: false,
                has_server_address: true,
                ..OPEN_TELEMETRY
            },
            ..Self::open_telemetry()
        }
    }

    /// The names, labels and buckets of the crate axum-prometheus, so that its dashboards keep working:
    ///
    /// | metric | labels |
    /// |---|---|
    /// | `axum_http_requests_total` | `method`, `endpoint`, `status` |
    /// | `axum_http_requests_duration_seconds` | `method`, `endpoint`, `status` |
    /// | `axum_http_requests_pending` | `method`, `endpoint` |
    /// | `axum_http_response_body_size` | `method`, `endpoint` |
    ///
    /// Requests that no route matched have the endpoint `unmatched`, where axum-prometheus has their path.
    pub fn axum_prometheus() -> Self {
        Self {
            requests: Some(Named::new(&catalog::AXUM_REQUESTS)),
            duration: Named::new(&catalog::AXUM_REQUEST_DURATION),
            in_progress: Some(Named::new(&catalog::AXUM_REQUESTS_PENDING)),
            aborted: None,
            request_body_size: Named::new(&catalog::AXUM_REQUEST_BODY_SIZE),
            response_body_size: Named::new(&catalog::AXUM_RESPONSE_BODY_SIZE),
            convention: Convention {
                duration_status: DurationStatus::Code,
                ..PROMETHEUS
            },
            ..Self::prometheus()
        }
    }
}
