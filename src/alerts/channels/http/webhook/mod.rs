//! The webhook: its channel, the payload of Alertmanager, templates, and signatures.

mod headers;
mod payload;
mod placeholder;
mod signer;
mod template;
mod webhook;

pub use self::webhook::Webhook;
