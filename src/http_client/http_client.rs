//! `HttpClient`: sends requests over HTTP/1.1.

use std::future::poll_fn;

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::uri::{Authority, PathAndQuery};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tower_service::Service;

use super::body::read_body;
use super::proxy::Proxy;
use crate::error::{BoxError, Error, ErrorKind};
use crate::tls::Tls;

/// An HTTP/1.1 client, with TLS for `https`.
///
/// Each request opens its own connection, because the server may close an idle one just as it is used again.
pub(crate) struct HttpClient {
    tcp: HttpConnector,
    tls: Tls,
    proxy: Option<Proxy>,
}

/// A connection, in clear text or with TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

#[allow(dead_code, reason = "only the check and traces have these options")]
impl HttpClient {
    pub(crate) fn set_tls(&mut self, tls: Tls) {
        self.tls = tls;
    }

    pub(crate) fn set_proxy(&mut self, proxy: Proxy) {
        self.proxy = Some(proxy);
    }
}

impl HttpClient {
    /// Trusts the system's root certificates.
    pub(crate) fn new() -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self {
            tcp,
            tls: Tls::system(),
            proxy: None,
        }
    }

    /// Sends the request and reads at most `max_body` bytes of the response body; the rest is discarded with the
    /// connection. There is no timeout: the caller sets one.
    ///
    /// The error names the host and the failed step, but not the path and query, which may hold a secret.
    #[allow(dead_code, reason = "traces use `exchange` alone")]
    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
        max_body: usize,
    ) -> Result<Response<Bytes>, Error> {
        let (parts, body) = self.exchange(request, max_body).await?.into_parts();
        Ok(Response::from_parts(parts, body?))
    }

    /// As [`send`](Self::send). The status of a response whose body cannot be read is known all the same.
    pub(crate) async fn exchange(
        &self,
        mut request: Request<Bytes>,
        max_body: usize,
    ) -> Result<Response<Result<Bytes, Error>>, Error> {
        let uri = request.uri().clone();
        let host = uri.authority().map_or("", Authority::as_str);
        let failed = |problem: &str, error: BoxError| {
            Error::new(ErrorKind::Io, format!("{problem} {host}")).with_source(error)
        };
        let stream = self.connect(&uri).await?;
        self.address(&mut request);
        // Dropped with this future, which closes the connection.
        let mut driver = JoinSet::new();
        let no_response = |error: hyper::Error| failed("no response from", error.into());
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(no_response)?;
        driver.spawn(connection);
        let response = sender.send_request(request.map(Full::new));
        let (parts, body) = response.await.map_err(no_response)?.into_parts();
        let body = read_body(body, max_body).await;
        let body = body.map_err(|error| failed("cannot read the response from", error.into()));
        Ok(Response::from_parts(parts, body))
    }

    /// Opens a connection to the server of the URI. The error names the host and the failed step.
    pub(crate) async fn connect(&self, uri: &Uri) -> Result<Box<dyn Stream>, Error> {
        let host = uri.host().unwrap_or_default();
        let cannot = |error: BoxError| {
            let via = match &self.proxy {
                Some(proxy) => format!(" by the proxy {}", shown(proxy.uri())),
                None => String::new(),
            };
            let problem = format!("cannot connect to {}{via}", shown(uri));
            Error::new(ErrorKind::Io, problem).with_source(error)
        };
        let next = self.proxy.as_ref().map_or(uri, Proxy::uri);
        let connection = self.open(next).await.map_err(cannot)?;
        if !is_https(uri) {
            return Ok(Box::new(connection));
        }
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let connection: Box<dyn Stream> = if let Some(proxy) = &self.proxy {
            let server = format!("{host}:{}", port(uri));
            let tunnel = proxy.tunnel(connection, &server).await;
            Box::new(tunnel.map_err(cannot)?)
        } else {
            Box::new(connection)
        };
        let tls = self.tls.connect(name, connection).await;
        Ok(Box::new(tls.map_err(|error| cannot(error.into()))?))
    }

    async fn open(&self, uri: &Uri) -> Result<TcpStream, BoxError> {
        let mut tcp = self.tcp.clone();
        poll_fn(|cx| tcp.poll_ready(cx)).await?;
        Ok(tcp.call(uri.clone()).await?.into_inner())
    }

    /// Sets the target and the host of the request (RFC 9112, sections 3.2 and 3.2.2).
    fn address(&self, request: &mut Request<Bytes>) {
        let uri = request.uri().clone();
        if let Ok(host) = HeaderValue::from_str(&shown(&uri)) {
            request.headers_mut().entry(HOST).or_insert(host);
        }
        if let (Some(proxy), false) = (&self.proxy, is_https(&uri)) {
            proxy.authorize(request);
        } else {
            let path = uri.into_parts().path_and_query;
            let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
            *request.uri_mut() = path.into();
        }
    }
}

fn is_https(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

fn port(uri: &Uri) -> u16 {
    uri.port_u16()
        .unwrap_or(if is_https(uri) { 443 } else { 80 })
}

/// The host, and the port unless it is the scheme's own.
fn shown(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    match uri.port_u16() {
        Some(port) if port != if is_https(uri) { 443 } else { 80 } => format!("{host}:{port}"),
        _ => host.to_owned(),
    }
}

debug_fields!(HttpClient { proxy });
