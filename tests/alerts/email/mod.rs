//! Mails over SMTP.

mod encryption;
mod failures;
mod settings;
mod text;
mod world;
