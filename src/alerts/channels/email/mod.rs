//! Mails over SMTP.

mod content;
mod email;
mod email_builder;
mod encrypted;
mod encryption;
mod html;
mod mailbox;
mod message;
mod refusals;
mod server;
mod settled;
mod starttls;
mod transaction;

pub use self::email::Email;
pub use self::email_builder::EmailBuilder;
pub use self::encryption::Encryption;
