//! Tower middleware that measures HTTP, in and out.
//!
//! [`HttpMetricsLayer`] goes around what you serve, [`ClientMetricsLayer`] around what you call. Both record through the
//! `metrics` facade, so any exporter reads them.
//!
//! ```
//! use http::{Request, Response};
//! use metrics_util::debugging::DebuggingRecorder;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use tower_vitals::HttpMetricsLayer;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let recorder = DebuggingRecorder::new();
//! let seen = recorder.snapshotter();
//!
//! let hello = ServiceBuilder::new()
//!     .layer(HttpMetricsLayer::new().recorder(recorder))
//!     .service(service_fn(|_: Request<String>| async {
//!         Ok::<_, std::convert::Infallible>(Response::new(String::new()))
//!     }));
//! hello.oneshot(Request::new(String::new())).await.unwrap();
//!
//! // A gauge back at zero, a counter at one and a duration.
//! assert_eq!(seen.snapshot().into_vec().len(), 3);
//! # }
//! ```

mod body;
mod client;
mod config;
mod future;
mod handles;
mod labels;
mod layer;
mod naming;
mod outcome;
mod record;
mod series;
mod service;
mod shared;

pub use body::{RequestBody, ResponseBody};
pub use client::{ClientMetrics, ClientMetricsLayer, ClientResponseFuture};
pub use future::{ResponseFuture, SkipMetrics};
pub use layer::{CountRequestBody, HttpMetricsLayer, PassThrough, Until};
pub use naming::Naming;
pub use service::HttpMetrics;
