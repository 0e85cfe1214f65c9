//! `Email`: sends notifications as mails.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures_core::future::BoxFuture;
use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use uuid::Uuid;

use super::message;
use super::refusals::unconfirmed;
use super::server::{GOODBYE, Server, goodbye};
use super::settled::Settled;
use super::transaction::Transaction;
use crate::alerts::channels::channel::Channel;
use crate::alerts::channels::delivery_error::DeliveryError;
use crate::alerts::channels::notification::Notification;
use crate::panics;
use crate::redact::Redacted;

/// Sends notifications as mails over SMTP, as text and HTML. All mails about a group of alerts are one thread.
///
/// If the server refuses some of the recipients for good, the others get the mail, and the log tells of the refusal. Recipients
/// that it refuses for a time are tried again without the others. A refused login stops the channel.
///
/// If the server does not confirm a mail, because it is slow or the connection ends, it may have taken the mail all the same. The
/// attempt counts as failed, its error says that the mail may arrive twice, and the mail is sent again with the same `Message-ID`,
/// by which mail servers and clients recognise it. So does a mail that was sent in the last moments before a crash. A notification
/// that is given up after such an attempt may have arrived.
///
/// ```
/// use tower_vitals::alerts::channels::Email;
///
/// let email = Email::smtp("smtp.example.com")
///     .credentials("alerts@example.com", "correct horse")
///     .from("Shop <alerts@example.com>")
///     .to("ops@example.com")
///     .build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct Email {
    server: Server,
    from: Mailbox,
    to: Vec<Mailbox>,
    timeout: Duration,
    settled: Settled,
}

/// A connection, and the end of its transaction.
type Attempt = (AsyncSmtpConnection, Result<Transaction, DeliveryError>);

impl Email {
    pub(super) fn new(server: Server, from: Mailbox, to: Vec<Mailbox>, timeout: Duration) -> Self {
        Self {
            server,
            from,
            to,
            timeout,
            settled: Settled::default(),
        }
    }

    async fn deliver(&self, notification: &Notification) -> Result<(), DeliveryError> {
        let recipients = self.to.iter().map(|mailbox| mailbox.email.clone());
        let open = self.settled.open(notification.id, recipients);
        if open.is_empty() {
            // The last attempt was given up after the server took the mail.
            self.settled.forget(notification.id);
            return Ok(());
        }
        let mail = message::mail(notification, &self.from, &self.to)?;
        // The timeout of lettre does not cover all of a delivery, and some replies make it panic.
        let is_sent = AtomicBool::new(false);
        let attempt = panics::caught(self.attempt(&open, &mail, &is_sent));
        let attempt = tokio::time::timeout(self.timeout, attempt).await;
        let problem = match attempt {
            Ok(Ok(attempt)) => return self.finish(notification.id, &open, attempt?).await,
            Ok(Err(panic)) => format!("the mail client panicked: {}", panics::message(&*panic)),
            Err(_) => format!("the mail server takes longer than {:?}", self.timeout),
        };
        if is_sent.into_inner() {
            return Err(unconfirmed(&problem));
        }
        Err(DeliveryError::retry(problem))
    }

    async fn finish(
        &self,
        id: Uuid,
        open: &[Address],
        (mut connection, sent): Attempt,
    ) -> Result<(), DeliveryError> {
        let is_first = open.len() == self.to.len();
        let result = sent.and_then(|transaction| {
            if transaction.accepted.is_empty() && is_first {
                return Err(transaction.failure());
            }
            self.settle(id, transaction)
        });
        goodbye(&mut connection).await;
        if result.is_ok() {
            self.settled.forget(id);
        }
        result
    }

    async fn attempt(
        &self,
        to: &[Address],
        mail: &[u8],
        is_sent: &AtomicBool,
    ) -> Result<Attempt, DeliveryError> {
        // Several addresses of a host fit into the timeout.
        let mut connection = self.server.connect(self.timeout / 3).await?;
        let sent = Transaction::send(&mut connection, &self.from.email, to, mail, is_sent).await;
        Ok((connection, sent))
    }

    /// Remembers who has the mail, and decides on the others.
    fn settle(&self, id: Uuid, transaction: Transaction) -> Result<(), DeliveryError> {
        let mut settled = transaction.accepted;
        let mut waiting = None;
        for (address, refusal) in transaction.refused {
            if matches!(refusal, DeliveryError::Retry { .. }) {
                waiting.get_or_insert(refusal);
                continue;
            }
            tracing::warn!(
                error = refusal.message(),
                "a recipient of alert mails is refused, the others got the mail"
            );
            settled.push(address);
        }
        self.settled.settle(id, settled.into_iter());
        waiting.map_or(Ok(()), Err)
    }
}

impl Channel for Email {
    fn kind(&self) -> &'static str {
        "email"
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(self.deliver(notification))
    }

    /// The own timeout covers the mail until it is accepted. The goodbye follows.
    fn timeout(&self) -> Duration {
        self.timeout.saturating_add(2 * GOODBYE)
    }
}

impl std::fmt::Debug for Email {
    /// Omits the credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Email")
            .field("host", &Redacted(&self.server.host))
            .field("port", &self.server.port)
            .field("encryption", &self.server.encryption)
            .field("from", &Redacted(self.from.to_string()))
            .field("recipients", &self.to.len())
            .finish_non_exhaustive()
    }
}
