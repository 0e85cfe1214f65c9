//! `ChatId`: a chat of Telegram.

use std::str::FromStr;

use serde_json::Value as Json;

use crate::error::Error;

/// A number, or the name of a public channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ChatId {
    Number(i64),
    Channel(String),
}

impl FromStr for ChatId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Number(number));
        }
        let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_';
        match text.strip_prefix('@') {
            Some(name) if !name.is_empty() && name.chars().all(is_part) => {
                Ok(Self::Channel(text.to_owned()))
            }
            _ => Err(Error::invalid(format!(
                "the Telegram chat id {text:?} is invalid: a number, or @ and the name of a public channel are allowed"
            ))),
        }
    }
}

impl From<&ChatId> for Json {
    fn from(id: &ChatId) -> Self {
        match id {
            ChatId::Number(number) => (*number).into(),
            ChatId::Channel(name) => name.as_str().into(),
        }
    }
}
