//! Checks the texts of a commit, so that every store refuses the same ones.

use super::commit::Commit;
use crate::error::{Error, ErrorKind};

/// Fails with [`ErrorKind::Refused`] if a name or a document is no text that every database stores: UTF-8 without NUL. JSON
/// always is.
pub(super) fn check(commit: &Commit) -> Result<(), Error> {
    name("ledger", &commit.ledger)?;
    for (document, body) in &commit.documents {
        name("document", document)?;
        let body = body.as_deref().unwrap_or_default();
        if body.contains(&0) || std::str::from_utf8(body).is_err() {
            return Err(Error::new(
                ErrorKind::Refused,
                format!(
                    "the document {document:?} of the ledger {:?} is no text: UTF-8 without NUL is allowed, such as JSON",
                    commit.ledger
                ),
            ));
        }
    }
    Ok(())
}

pub(super) fn name(what: &str, name: &str) -> Result<(), Error> {
    if !name.contains('\0') {
        return Ok(());
    }
    let message = format!("the {what} {name:?} has a name with NUL, which databases refuse");
    Err(Error::new(ErrorKind::Refused, message))
}

/// The error of a commit or a release without a valid lease.
pub(super) fn lease_is_over(ledger: &str) -> Error {
    let message = format!("the lease of the ledger {ledger:?} is over, or another engine has it");
    Error::new(ErrorKind::Refused, message)
}
