//! Telegram: the channel, the text of its messages, and the entities that keep people from being mentioned.

mod body;
mod chat_id;
mod entities;
mod telegram;

pub use self::telegram::Telegram;
