//! The crate's one outgoing HTTP client.

use std::fmt;
use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

use crate::error::{Error, ErrorKind};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Inner = hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// An HTTP/1.1 client, with TLS by rustls and the system's root certificates. Made at its first request. Each request has
/// a connection of its own: one that was kept may be closed by the other side in the moment it is used again.
pub(crate) struct Client {
    has_tls: bool,
    inner: OnceLock<Inner>,
}

impl Client {
    /// For requests to this URI's scheme: reading the root certificates takes 10 ms, so without need it is left out.
    pub(crate) fn for_uri(uri: &Uri) -> Self {
        Self {
            has_tls: uri.scheme_str() == Some("https"),
            inner: OnceLock::new(),
        }
    }

    /// The response, with at most `max_body` bytes of its body: what is longer is cut off, with its connection. It waits
    /// for as long as it takes: give it a timeout.
    ///
    /// The error's message names the host and what failed, and not the path, whose query may hold a secret.
    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
        max_body: usize,
    ) -> Result<Response<Bytes>, Error> {
        let host = request
            .uri()
            .authority()
            .map(ToString::to_string)
            .unwrap_or_default();
        let failed = |error: BoxError, what: &str| {
            Error::new(ErrorKind::Io, format!("{what} {host}")).with_source(error)
        };
        let client = if let Some(client) = self.inner.get() {
            client
        } else {
            // A failure is not kept: certificates may be there the next time.
            let made = client(self.has_tls).map_err(|error| failed(error, "no TLS to reach"))?;
            self.inner.get_or_init(|| made)
        };
        let sent = client.request(request.map(Full::new)).await;
        let (parts, mut body) = sent
            .map_err(|error| {
                let what = if error.is_connect() {
                    "cannot connect to"
                } else {
                    "no answer from"
                };
                failed(error.into(), what)
            })?
            .into_parts();
        let mut read = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| failed(error.into(), "broken answer from"))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            read.extend_from_slice(&data[..data.len().min(max_body - read.len())]);
            if read.len() == max_body {
                break;
            }
        }
        Ok(Response::from_parts(parts, read.freeze()))
    }
}

fn client(has_tls: bool) -> Result<Inner, BoxError> {
    // By name: the process' default is missing or ambiguous where an application uses another one besides.
    let provider = rustls::crypto::ring::default_provider();
    let builder = HttpsConnectorBuilder::new();
    let builder = if has_tls {
        builder.with_provider_and_native_roots(provider)?
    } else {
        let config = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        builder.with_tls_config(config)
    };
    let connector = builder.https_or_http().enable_http1().build();
    Ok(
        hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(0)
            .build(connector),
    )
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
