//! Certificates of an authority of the tests' own, made with openssl.

use std::path::PathBuf;
use std::process::Command;

use super::prometheus::output;

/// An authority, and a certificate that it signed for `localhost` and 127.0.0.1, in a folder that is removed on drop.
pub struct Certificates(PathBuf);

impl Certificates {
    pub fn new(name: &str) -> Self {
        let folder = format!("tower-vitals-tls-{}-{name}", std::process::id());
        let certificates = Self(std::env::temp_dir().join(folder));
        std::fs::create_dir_all(&certificates.0).unwrap();
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n";
        std::fs::write(certificates.path("server.ext"), names).unwrap();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        for arguments in [
            format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=tests -days 2"),
            format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"),
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile server.ext"
                .to_owned(),
        ] {
            let mut openssl = Command::new("openssl");
            output(openssl.args(arguments.split(' ')).current_dir(&certificates.0));
        }
        certificates
    }

    pub fn path(&self, file: &str) -> String {
        self.0.join(file).to_str().unwrap().to_owned()
    }

    /// The authority's certificate, in PEM.
    pub fn authority(&self) -> Vec<u8> {
        std::fs::read(self.path("ca.pem")).unwrap()
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Accepts TLS and forwards to `server` in clear text, as long as the runtime lives.
#[cfg(feature = "check-http")]
pub async fn terminate(
    certificates: &Certificates,
    server: std::net::SocketAddr,
) -> std::net::SocketAddr {
    terminate_protocol(certificates, server, None).await
}

/// Like [`terminate`], for clients that offer the protocol (ALPN), if there is one.
#[cfg(any(feature = "check-http", feature = "otel"))]
pub async fn terminate_protocol(
    certificates: &Certificates,
    server: std::net::SocketAddr,
    protocol: Option<&'static [u8]>,
) -> std::net::SocketAddr {
    use std::sync::Arc;

    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto::ring::default_provider;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let chain = vec![CertificateDer::from_pem_file(certificates.path("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificates.path("server.key")).unwrap();
    let mut config = ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = protocol.map(<[u8]>::to_vec).into_iter().collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust the certificate hangs up.
                let Ok(mut client) = acceptor.accept(client).await else {
                    return;
                };
                if client.get_ref().1.alpn_protocol() != protocol {
                    return;
                }
                let mut server = TcpStream::connect(server).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    address
}
