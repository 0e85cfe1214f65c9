//! The crate's one outgoing HTTP client.

mod body;
mod http_client;
mod proxy;

#[cfg(feature = "check-http")]
pub(crate) use self::body::read_body;
pub(crate) use self::http_client::HttpClient;
#[cfg(feature = "otel")]
pub(crate) use self::http_client::Stream;
#[cfg(feature = "check-http")]
pub(crate) use self::proxy::Proxy;
