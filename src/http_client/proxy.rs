//! `Proxy`: an HTTP proxy between the client and the servers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use http::uri::PathAndQuery;
use http::{Request, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::error::{BoxError, Error};
use crate::http_url::{HttpUrl, without_secrets};

/// A proxy that is spoken to in clear text: it forwards `http` requests, and tunnels `https` connections (RFC 9110,
/// sections 7.4 and 9.3.6).
pub(crate) struct Proxy {
    uri: Uri,
    authorization: Option<HeaderValue>,
}

#[cfg_attr(
    not(feature = "check-http"),
    expect(dead_code, reason = "only the check uses a proxy")
)]
impl Proxy {
    /// The error does not quote the password.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let invalid = |problem: &str| {
            let shown = without_secrets(url);
            Error::invalid(format!(
                "the URL {shown:?} of a proxy is invalid ({problem}): http://[user:password@]host[:port] is allowed"
            ))
        };
        let url = HttpUrl::parse(url).map_err(|problem| invalid(&problem))?;
        if url.uri().scheme_str() != Some("http") {
            return Err(invalid("its scheme is not http"));
        }
        if !matches!(
            url.uri().path_and_query().map(PathAndQuery::as_str),
            None | Some("/")
        ) {
            return Err(invalid("it has a path"));
        }
        let authorization = url.credentials().map(|(user, password)| {
            let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            let mut value =
                HeaderValue::try_from(value).map_err(|_| invalid("its password is invalid"))?;
            value.set_sensitive(true);
            Ok::<_, Error>(value)
        });
        Ok(Self {
            uri: url.uri().clone(),
            authorization: authorization.transpose()?,
        })
    }
}

impl Proxy {
    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn authorize<B>(&self, request: &mut Request<B>) {
        if let Some(authorization) = &self.authorization {
            let headers = request.headers_mut();
            headers.insert(PROXY_AUTHORIZATION, authorization.clone());
        }
    }

    /// Opens a tunnel to `server`, a host and a port, on a connection to the proxy.
    pub(super) async fn tunnel(
        &self,
        connection: TcpStream,
        server: &str,
    ) -> Result<TokioIo<Upgraded>, BoxError> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(connection)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(connection.with_upgrades());
        let mut request = Request::connect(server)
            .header(HOST, server)
            .body(Empty::<bytes::Bytes>::new())?;
        self.authorize(&mut request);
        let response = sender.send_request(request).await?;
        let status = response.status();
        if !status.is_success() {
            return Err(format!("the proxy answered with status {}", status.as_u16()).into());
        }
        Ok(TokioIo::new(hyper::upgrade::on(response).await?))
    }
}

debug_fields!(Proxy { uri });
