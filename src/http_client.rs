//! `HttpClient`: the crate's one outgoing HTTP client.

use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

use crate::error::{BoxError, Error, ErrorKind};

type Inner = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// An HTTP/1.1 client with rustls and the system's root certificates, created by its first request.
///
/// Each request opens its own connection, because the server may close an idle one just as it is used again.
pub(crate) struct HttpClient {
    has_tls: bool,
    inner: OnceLock<Inner>,
}

impl HttpClient {
    /// A client for the scheme of this URI. Root certificates take 10 ms to load, so only `https` loads them.
    pub(crate) fn for_uri(uri: &Uri) -> Self {
        Self {
            has_tls: uri.scheme_str() == Some("https"),
            inner: OnceLock::new(),
        }
    }

    /// Sends the request and reads at most `max_body` bytes of the response body; the rest is discarded with the
    /// connection. There is no timeout: the caller sets one.
    ///
    /// The error names the host and the failed step, but not the path and query, which may hold a secret.
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
        let failed = |problem: &str, error: BoxError| {
            Error::new(ErrorKind::Io, format!("{problem} {host}")).with_source(error)
        };
        let client = if let Some(client) = self.inner.get() {
            client
        } else {
            // A failure is not cached, because certificates may be installed later.
            let client =
                new_client(self.has_tls).map_err(|error| failed("cannot set up TLS for", error))?;
            self.inner.get_or_init(|| client)
        };
        let response = client.request(request.map(Full::new)).await;
        let (parts, mut body) = response
            .map_err(|error| {
                let problem = if error.is_connect() {
                    "cannot connect to"
                } else {
                    "no response from"
                };
                failed(problem, error.into())
            })?
            .into_parts();
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame =
                frame.map_err(|error| failed("cannot read the response from", error.into()))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            bytes.extend_from_slice(&data[..data.len().min(max_body - bytes.len())]);
            if bytes.len() == max_body {
                break;
            }
        }
        Ok(Response::from_parts(parts, bytes.freeze()))
    }
}

fn new_client(has_tls: bool) -> Result<Inner, BoxError> {
    // Named, because an application that uses a second provider leaves the process default unset or ambiguous.
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
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(0)
        .build(connector))
}

debug_fields!(HttpClient {});
