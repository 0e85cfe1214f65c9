//! Mails over SMTP.

mod encryption;
mod engine;
mod failures;
mod settings;
mod text;
mod world;
