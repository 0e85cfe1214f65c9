//! `EmailBuilder`: the settings of a mail channel.

use std::net::IpAddr;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;

use super::email::Email;
use super::encryption::Encryption;
use super::mailbox::mailbox;
use super::server::Server;
use crate::error::Error;
use crate::redact::register_own;
use crate::tls::Tls;

/// The number of recipients that every server takes (RFC 5321, section 4.5.3.1.8).
const MAX_RECIPIENTS: usize = 100;

/// The settings of a mail channel. [`Email::smtp`] begins it.
#[must_use]
pub struct EmailBuilder {
    host: String,
    port: Option<u16>,
    encryption: Encryption,
    is_plain_allowed: bool,
    /// The user and the password.
    credentials: Option<(String, String)>,
    from: Option<String>,
    to: Vec<String>,
    root_certificates: Option<Vec<u8>>,
    hello_name: Option<String>,
    timeout: Duration,
}

impl Email {
    /// Begins the settings of a channel that sends to this server: a name or an IP address.
    pub fn smtp(host: impl Into<String>) -> EmailBuilder {
        EmailBuilder {
            host: host.into(),
            port: None,
            encryption: Encryption::default(),
            is_plain_allowed: false,
            credentials: None,
            from: None,
            to: Vec::new(),
            root_certificates: None,
            hello_name: None,
            timeout: Duration::from_secs(30),
        }
    }
}

impl EmailBuilder {
    /// Sets the port. Defaults to 587, with [`Encryption::Tls`] to 465, and with [`Encryption::Plain`] to 25.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Sets the encryption. Defaults to [`Encryption::Starttls`].
    pub fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = encryption;
        self
    }

    /// Allows [`Encryption::Plain`] to a host that is not this one. Everybody on the way can read the mails and the password.
    pub fn allow_plain_text(mut self) -> Self {
        self.is_plain_allowed = true;
        self
    }

    /// Logs in as this user. The password is masked from now on in all text that the crate emits.
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        let password = password.into();
        register_own(&password);
        self.credentials = Some((user.into(), password));
        self
    }

    /// Sets the sender: `alerts@example.com` or `Shop <alerts@example.com>`. Required.
    pub fn from(mut self, address: impl Into<String>) -> Self {
        self.from = Some(address.into());
        self
    }

    /// Adds a recipient: `ops@example.com` or `Ops <ops@example.com>`. There must be at least one, and at most 100. All see each
    /// other.
    pub fn to(mut self, address: impl Into<String>) -> Self {
        self.to.push(address.into());
        self
    }

    /// Verifies the server's certificate with these root certificates, in PEM, in place of the system's.
    pub fn root_certificates(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.root_certificates = Some(pem.as_ref().to_vec());
        self
    }

    /// Sets the name with which the service greets the server. Defaults to the sender's domain.
    pub fn hello_name(mut self, name: impl Into<String>) -> Self {
        self.hello_name = Some(name.into());
        self
    }

    /// Sets the time for one mail, from the connection to the server's acceptance. Defaults to 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Checks the settings. Does not connect yet.
    ///
    /// # Errors
    ///
    /// Returns one error with all mistakes: an invalid host or hello name, a missing or invalid sender, no or invalid recipients,
    /// root certificates without TLS or that cannot be read, and plain text to another host.
    pub fn build(self) -> Result<Email, Error> {
        let host = self.host.trim().trim_matches(['[', ']']);
        let mut mistakes = self.mistakes(host);
        let tls = self.root_certificates.as_deref().map(Tls::with_roots);
        let tls = tls.unwrap_or_else(|| Ok(Tls::system()));
        let mut keep = |mistake: &Error| mistakes.push(mistake.to_string());
        let tls = tls.inspect_err(&mut keep);
        let from = self.sender().inspect_err(&mut keep);
        let to = self.recipients(&mut mistakes);
        Error::combine(mistakes.into_iter().map(Error::invalid))?;
        let from = from?;
        let hello_name = self.hello_name.as_deref().unwrap_or(from.email.domain());
        let credentials = self.credentials.as_ref();
        let server = Server {
            host: host.to_owned(),
            port: self.port.unwrap_or(self.encryption.default_port()),
            encryption: self.encryption,
            hello_name: ClientId::Domain(hello_name.to_owned()),
            credentials: credentials
                .map(|(user, password)| Credentials::new(user.clone(), password.clone())),
            tls: tls?,
        };
        Ok(Email::new(server, from, to, self.timeout))
    }

    /// The mistakes of all settings but certificates and addresses.
    fn mistakes(&self, host: &str) -> Vec<String> {
        let is_plain = self.encryption == Encryption::Plain;
        let is_exposed = is_plain && !self.is_plain_allowed && !is_loopback(host);
        let hello_name = self.hello_name.as_deref();
        let mistakes = [
            (!is_host(host)).then(|| {
                "the SMTP host is invalid: a name or an IP address without scheme, user and port is allowed".to_owned()
            }),
            is_exposed.then(|| {
                format!(
                    "mails to {host:?} would not be encrypted: Encryption::Starttls and Encryption::Tls are allowed, \
                     and EmailBuilder::allow_plain_text"
                )
            }),
            (self.timeout.is_zero()).then(|| "the timeout of mails is invalid: more than 0 s is allowed".to_owned()),
            hello_name.is_some_and(|name| !is_hello_name(name)).then(|| {
                "the hello name is invalid: letters, digits and . - _ : [ ] are allowed".to_owned()
            }),
            (is_plain && self.root_certificates.is_some())
                .then(|| "root certificates have no effect without TLS".to_owned()),
        ];
        mistakes.into_iter().flatten().collect()
    }

    fn sender(&self) -> Result<Mailbox, Error> {
        let missing = || Error::invalid("the sender of mails is missing: EmailBuilder::from");
        let from = self.from.as_deref().ok_or_else(missing)?;
        read("sender", from).map_err(Error::invalid)
    }

    /// Every address once.
    fn recipients(&self, mistakes: &mut Vec<String>) -> Vec<Mailbox> {
        let mut to: Vec<Mailbox> = Vec::new();
        for address in &self.to {
            match read("recipient", address) {
                Ok(mailbox) if to.iter().any(|known| known.email == mailbox.email) => {}
                Ok(mailbox) => to.push(mailbox),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if self.to.is_empty() {
            mistakes.push("the recipient of mails is missing: EmailBuilder::to".to_owned());
        } else if to.len() > MAX_RECIPIENTS {
            let count = to.len();
            mistakes.push(format!(
                "{count} recipients are too many: {MAX_RECIPIENTS} are allowed"
            ));
        }
        to
    }
}

fn read(what: &str, text: &str) -> Result<Mailbox, String> {
    mailbox(text).map_err(|mistake| format!("the {what} {text:?} is invalid: {mistake}"))
}

fn is_host(host: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_address = host.parse::<IpAddr>().is_ok();
    is_address || (!host.is_empty() && host.chars().all(is_name))
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    address.is_ok_and(|address| address.is_loopback()) || host.eq_ignore_ascii_case("localhost")
}

/// A hello name is a part of a command, so other characters could begin another command.
fn is_hello_name(name: &str) -> bool {
    let is_allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    !name.is_empty() && name.len() <= 255 && name.chars().all(is_allowed)
}

// Omits the credentials, and the PEM, which may be a key in the wrong place.
debug_fields!(EmailBuilder {
    host,
    port,
    encryption,
    from,
    to
});
