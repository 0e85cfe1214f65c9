//! Tower middleware that measures HTTP requests, received and sent.
//!
//! [`HttpMetricsLayer`] wraps your server, [`ClientMetricsLayer`] wraps your clients. Both record through the `metrics`
//! facade, so they work with any of its exporters.
//!
//! ```
//! use http::{Request, Response};
//! use metrics_util::debugging::DebuggingRecorder;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use tower_vitals::HttpMetricsLayer;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
//! let recorder = DebuggingRecorder::new();
//! let snapshotter = recorder.snapshotter();
//!
//! let hello = ServiceBuilder::new()
//!     .layer(HttpMetricsLayer::builder().recorder(recorder).build()?)
//!     .service(service_fn(|_: Request<String>| async {
//!         Ok::<_, std::convert::Infallible>(Response::new(String::new()))
//!     }));
//! hello.oneshot(Request::new(String::new())).await.unwrap();
//!
//! // A gauge back at zero, a counter at one, the counter of a 500 at zero, and a duration.
//! assert_eq!(snapshotter.snapshot().into_vec().len(), 4);
//! # Ok(())
//! # }
//! ```

#[macro_use]
mod setters;

mod address_table;
pub mod body;
mod builder;
mod cache;
mod cell_handles;
mod client;
mod client_builder;
mod config;
mod config_check;
mod conventions;
mod duration_status;
mod ending;
mod ending_handles;
mod endings;
mod error_type;
mod extra_label;
mod facade_handles;
mod family_labels;
pub mod future;
mod group;
mod grpc;
mod head;
mod http_body;
mod http_future;
mod http_layer;
mod http_service;
mod in_client_span;
mod known_labels;
mod label_set;
mod label_values;
mod labels;
mod layer;
mod layer_state;
mod mark;
// Its examples are tests.
#[cfg(all(doctest, feature = "axum", feature = "prometheus"))]
mod migrating;
mod naming;
mod naming_check;
mod observe;
mod outcome;
mod per_thread;
mod record;
#[cfg(feature = "request-id")]
mod request_id_layer;
mod request_log_layer;
#[cfg(any(feature = "reqwest-0-12", feature = "reqwest-0-13"))]
pub mod reqwest;
mod response_future;
mod series;
mod series_observed;
mod series_rest;
mod server_span_layer;
mod service;
mod skip;
mod state_handle;
mod templates;

pub use builder::HttpMetricsBuilder;
pub use client::{ClientMetrics, ClientMetricsLayer};
pub use client_builder::ClientMetricsBuilder;
pub use config::Until;
pub use duration_status::DurationStatus;
pub use http_body::HttpBody;
pub use http_layer::HttpLayer;
pub use http_service::HttpService;
pub use layer::HttpMetricsLayer;
pub use naming::Naming;
pub use observe::UserId;
#[cfg(feature = "request-id")]
pub use request_id_layer::RequestIdLayer;
pub use request_log_layer::RequestLogLayer;
pub use server_span_layer::ServerSpanLayer;
pub use service::{CountRequestBody, HttpMetrics, PassThrough};
pub use skip::SkipMetrics;
