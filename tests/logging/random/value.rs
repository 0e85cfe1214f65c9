//! Random values.

use std::error::Error;
use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use tracing::field::{self, Value};

#[derive(Debug, Clone)]
pub(super) enum RandomValue {
    I64(i64),
    U64(u64),
    I128(i128),
    U128(u128),
    F64(f64),
    Bool(bool),
    Str(String),
    Debug(String),
    Display(String),
    Bytes(Vec<u8>),
    /// The messages of an error and its sources.
    Error(Vec<String>),
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,8}",
        "[ -~]{0,20}",
        "[a\\n\\r\\t\"\\\\\u{1b}\u{7f}\u{85}\u{9b}\u{2028}\u{202e}\u{2066}é😀\u{0}]{0,12}",
        ".{0,20}",
        Just("0af7651916cd43dd8448eb211c80319c".to_owned()),
        Just("00f067aa0ba902b7".to_owned()),
        Just("01".to_owned()),
        Just("password=hunter2 x".to_owned()),
        Just("https://ann:s3cret@example.com/?sig=abcdef123456".to_owned()),
    ]
}

pub(super) fn any_value() -> impl Strategy<Value = RandomValue> {
    prop_oneof![
        any::<i64>().prop_map(RandomValue::I64),
        any::<u64>().prop_map(RandomValue::U64),
        (0..100_u64).prop_map(RandomValue::U64),
        prop_oneof![any::<i128>(), (-9..9_i128)].prop_map(RandomValue::I128),
        prop_oneof![any::<u128>(), (0..9_u128)].prop_map(RandomValue::U128),
        any::<f64>().prop_map(RandomValue::F64),
        Just(RandomValue::F64(f64::NAN)),
        Just(RandomValue::F64(f64::NEG_INFINITY)),
        any::<bool>().prop_map(RandomValue::Bool),
        any_text().prop_map(RandomValue::Str),
        any_text().prop_map(RandomValue::Str),
        any_text().prop_map(RandomValue::Debug),
        any_text().prop_map(RandomValue::Display),
        vec(any::<u8>(), 0..20).prop_map(RandomValue::Bytes),
        vec(any_text(), 1..4).prop_map(RandomValue::Error),
    ]
}

impl RandomValue {
    pub(super) fn to_value(&self) -> Box<dyn Value> {
        match self.clone() {
            Self::I64(value) => Box::new(value),
            Self::U64(value) => Box::new(value),
            Self::I128(value) => Box::new(value),
            Self::U128(value) => Box::new(value),
            Self::F64(value) => Box::new(value),
            Self::Bool(value) => Box::new(value),
            Self::Str(text) => Box::new(text),
            Self::Debug(text) => Box::new(field::debug(text)),
            Self::Display(text) => Box::new(field::display(text)),
            Self::Bytes(bytes) => Box::new(bytes.into_boxed_slice()),
            Self::Error(messages) => {
                let error: Box<dyn Error> = Box::new(Nested::of(&messages));
                Box::new(error)
            }
        }
    }
}

#[derive(Debug)]
struct Nested(String, Option<Box<Nested>>);

impl Nested {
    fn of(messages: &[String]) -> Self {
        let source = (messages.len() > 1).then(|| Box::new(Self::of(&messages[1..])));
        Self(messages[0].clone(), source)
    }
}

impl fmt::Display for Nested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Nested {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}
