//! `Encryption`: TLS between the service and the mail server.

/// TLS between the service and the mail server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encryption {
    /// The connection begins in plain text and changes to TLS (RFC 3207). Nothing is sent to a server that does not offer it. The
    /// default.
    #[default]
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// No encryption.
    Plain,
}

impl Encryption {
    pub(super) fn default_port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::Plain => 25,
        }
    }
}
