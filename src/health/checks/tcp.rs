//! `Tcp`: an address accepts connections.

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::super::{Check, Outcome};
use crate::time::milliseconds;

/// Healthy when a TCP connection to the address opens. The connection is closed at once.
///
/// It proves that a process listens, not that it serves: prefer a check of the protocol if there is one. Data:
/// `connect_ms`.
///
/// ```
/// use tower_vitals::{Health, health::checks::Tcp};
///
/// let health = Health::builder().check("mail relay", Tcp::new("mail.internal:25")).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Clone)]
pub struct Tcp {
    address: String,
}

impl Tcp {
    /// Checks `host:port`. Each check resolves the name.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
        }
    }
}

debug_redacted!(Tcp { address });

impl Check for Tcp {
    async fn check(&self) -> Outcome {
        let started = Instant::now();
        match TcpStream::connect(&self.address).await {
            Ok(_) => Outcome::healthy().data("connect_ms", milliseconds(started.elapsed())),
            Err(error) => {
                Outcome::unhealthy().message(format!("cannot connect to {}: {error}", self.address))
            }
        }
    }
}
