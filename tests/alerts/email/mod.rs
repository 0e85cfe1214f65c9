//! Mails over SMTP.

mod encryption;
mod engine;
mod failures;
mod outage;
mod settings;
mod text;
mod unconfirmed;
mod world;
