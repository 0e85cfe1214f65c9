//! `Transaction`: one mail to one or more recipients.

use std::sync::atomic::{AtomicBool, Ordering};

use lettre::Address;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};

use super::refusals::{failed, unconfirmed};
use crate::alerts::channels::delivery_error::DeliveryError;
use crate::error::with_sources;

/// A mail, and the server's decision on each of its recipients.
pub(super) struct Transaction {
    /// They have the mail.
    pub(super) accepted: Vec<Address>,
    pub(super) refused: Vec<(Address, DeliveryError)>,
}

impl Transaction {
    /// Sends a mail in ASCII. The server decides on each recipient, and those that it takes get the mail, unlike with lettre's own
    /// `send`, which gives up at the first refusal. An error means that nobody got it, unless `is_sent` is set: then the server has
    /// not confirmed the mail, but may have taken it.
    pub(super) async fn send(
        connection: &mut AsyncSmtpConnection,
        from: &Address,
        to: &[Address],
        mail: &[u8],
        is_sent: &AtomicBool,
    ) -> Result<Self, DeliveryError> {
        let sender = connection.command(Mail::new(Some(from.clone()), Vec::new()));
        sender
            .await
            .map_err(|error| failed("the sender is refused", &error))?;
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        for address in to {
            let recipient = Rcpt::new(address.clone(), Vec::new());
            match connection.command(recipient).await {
                Ok(_) => accepted.push(address.clone()),
                Err(error) => {
                    let refusal = failed(&format!("{address} is refused"), &error);
                    if error.status().is_none() {
                        // It is no reply, so the connection is of no more use.
                        return Err(refusal);
                    }
                    refused.push((address.clone(), refusal));
                }
            }
        }
        if accepted.is_empty() {
            return Ok(Self { accepted, refused });
        }
        connection
            .command(Data)
            .await
            .map_err(|error| failed("the mail is refused", &error))?;
        is_sent.store(true, Ordering::Relaxed);
        connection.message(mail).await.map_err(|error| {
            if error.status().is_none() {
                return unconfirmed(&with_sources(&error));
            }
            failed("the mail is refused", &error)
        })?;
        Ok(Self { accepted, refused })
    }

    /// The failure of a mail that nobody got. It is worth another attempt if one recipient is.
    pub(super) fn failure(self) -> DeliveryError {
        let rank = |error: &DeliveryError| match error {
            DeliveryError::Retry { .. } => 0,
            DeliveryError::Rejected { .. } => 1,
            DeliveryError::Stopped { .. } => 2,
        };
        let refused = self.refused.into_iter().map(|(_, error)| error);
        let first = refused.min_by_key(rank);
        first.unwrap_or_else(|| DeliveryError::rejected("the mail has no recipient"))
    }
}
