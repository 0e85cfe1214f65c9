//! `Tls`: TLS for outgoing connections, by rustls with ring.

use std::io;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{BoxError, Error};

/// Trusts the system's root certificates, or others in their place. Verifies every server.
pub(crate) struct Tls {
    roots: Option<RootCertStore>,
    /// The protocols that the client offers (ALPN); none are offered by default.
    protocols: Vec<Vec<u8>>,
    /// Made by the first connection, because the system's root certificates take 10 ms to load.
    connector: OnceLock<TlsConnector>,
}

impl Tls {
    pub(crate) fn system() -> Self {
        Self {
            roots: None,
            protocols: Vec::new(),
            connector: OnceLock::new(),
        }
    }

    /// Trusts only these certificates. The error does not quote the text, which may be a secret in the wrong place.
    #[cfg_attr(
        not(any(
            feature = "alerts-email",
            feature = "check-http",
            feature = "check-redis",
            feature = "otel"
        )),
        expect(
            dead_code,
            reason = "only checks, mails and traces have root certificates"
        )
    )]
    pub(crate) fn with_roots(pem: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            roots: Some(roots(pem).map_err(|problem| {
                Error::invalid(format!(
                    "the root certificates are invalid ({problem}): certificates in PEM are allowed"
                ))
            })?),
            protocols: Vec::new(),
            connector: OnceLock::new(),
        })
    }

    /// Offers HTTP/2 alone, which a gRPC server requires.
    #[cfg(feature = "otel")]
    pub(crate) fn http2(mut self) -> Self {
        self.protocols = vec![b"h2".to_vec()];
        self
    }

    /// Speaks TLS on this connection to `host`, a name or an IP address without brackets.
    pub(crate) async fn connect<S>(&self, host: &str, stream: S) -> Result<TlsStream<S>, io::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = if let Some(connector) = self.connector.get() {
            connector
        } else {
            // A failure is not cached, because certificates may be installed later.
            let config = self.config().map_err(io::Error::other)?;
            self.connector
                .get_or_init(|| TlsConnector::from(Arc::new(config)))
        };
        let host = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        connector.connect(host, stream).await
    }

    fn config(&self) -> Result<ClientConfig, BoxError> {
        let roots = match &self.roots {
            Some(roots) => roots.clone(),
            None => system_roots()?,
        };
        // Named, because an application that uses a second provider leaves the process default unset or ambiguous.
        let provider = rustls::crypto::ring::default_provider();
        let mut config = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols.clone_from(&self.protocols);
        Ok(config)
    }
}

fn roots(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| "it is not PEM")?;
        roots
            .add(certificate)
            .map_err(|error| format!("a certificate cannot be read: {error}"))?;
    }
    if roots.is_empty() {
        return Err("there is no certificate".to_owned());
    }
    Ok(roots)
}

/// One broken certificate of the system does not invalidate the others.
fn system_roots() -> Result<RootCertStore, BoxError> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(loaded.certs);
    if !roots.is_empty() {
        return Ok(roots);
    }
    Err(match loaded.errors.into_iter().next() {
        Some(error) => error.into(),
        None => "the system has no root certificates".into(),
    })
}

debug_fields!(Tls {});
