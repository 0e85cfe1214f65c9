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
