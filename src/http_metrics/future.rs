//! The futures of the services.

pub use super::client::ClientResponseFuture;
pub use super::http_future::HttpFuture;
pub use super::response_future::ResponseFuture;
