//! `Fields`: the fields of a JSON object, and its mistakes in JSON's terms.

use serde_json::{Map, Value};

/// The longest name of an unknown field that a mistake shows, in characters.
const MAX_NAME: usize = 100;
/// The most mistakes that a rejection lists.
const MAX_MISTAKES: usize = 10;

/// The fields of a JSON object. Those that are read are allowed. A mistake is noted, and its field reads as if it were empty.
pub(super) struct Fields {
    /// Before the names of the fields: `recurrence.`.
    prefix: String,
    object: Map<String, Value>,
    allowed: Vec<&'static str>,
    mistakes: Vec<String>,
}

#[cfg_attr(
    not(feature = "alerts"),
    allow(dead_code, reason = "only acts on alerts have some kinds of fields")
)]
impl Fields {
    pub(super) fn new(object: Map<String, Value>) -> Self {
        Self::below(String::new(), object)
    }

    fn below(prefix: String, object: Map<String, Value>) -> Self {
        Self {
            prefix,
            object,
            allowed: Vec::new(),
            mistakes: Vec::new(),
        }
    }

    pub(super) fn text(&mut self, name: &'static str) -> String {
        let needed = "a string is needed";
        let text = self.read(name, needed, |value| match value {
            Value::String(text) => Ok(text),
            other => Err(other),
        });
        self.demand(name, text, needed)
    }

    pub(super) fn optional_text(&mut self, name: &'static str) -> Option<String> {
        let text = self.read(name, "a string is needed", |value| match value {
            Value::String(text) => Ok(text),
            other => Err(other),
        });
        text.flatten()
    }

    pub(super) fn number(&mut self, name: &'static str) -> f64 {
        let needed = "a number is needed";
        let number = self.read(name, needed, |value| value.as_f64().ok_or(value));
        self.demand(name, number, needed)
    }

    pub(super) fn optional_number(&mut self, name: &'static str) -> Option<f64> {
        let number = self.read(name, "a number is needed", |value| {
            value.as_f64().ok_or(value)
        });
        number.flatten()
    }

    pub(super) fn optional_bool(&mut self, name: &'static str) -> Option<bool> {
        let is_so = self.read(name, "true or false is needed", |value| {
            value.as_bool().ok_or(value)
        });
        is_so.flatten()
    }

    pub(super) fn optional_object<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&mut Self) -> T,
    ) -> Option<T> {
        let object = self.read(name, "an object is needed", |value| match value {
            Value::Object(object) => Ok(object),
            other => Err(other),
        });
        let prefix = format!("{}{name}.", self.prefix);
        let object = object.flatten()?;
        Some(self.nested(prefix, object, &read))
    }

    /// A list of objects. Empty without the field.
    pub(super) fn objects<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&mut Self) -> T,
    ) -> Vec<T> {
        let needed = "a list of objects is needed";
        let list = self.read(name, needed, |value| match value {
            Value::Array(list) => Ok(list),
            other => Err(other),
        });
        let mut objects = Vec::new();
        for (index, value) in list.flatten().unwrap_or_default().into_iter().enumerate() {
            let field = format!("{}{name}[{index}]", self.prefix);
            match value {
                Value::Object(object) => {
                    objects.push(self.nested(format!("{field}."), object, &read));
                }
                other => self.wrong(&field, &other, "an object is needed"),
            }
        }
        objects
    }

    fn nested<T>(
        &mut self,
        prefix: String,
        object: Map<String, Value>,
        read: &impl Fn(&mut Self) -> T,
    ) -> T {
        let mut fields = Self::below(prefix, object);
        let result = read(&mut fields);
        self.mistakes.extend(fields.noted());
        result
    }

    /// The outer `None` is a mistake that is noted, the inner one a field that is not there, or null.
    #[expect(clippy::option_option, reason = "a mistake is no missing field")]
    fn read<T>(
        &mut self,
        name: &'static str,
        needed: &str,
        read: impl FnOnce(Value) -> Result<T, Value>,
    ) -> Option<Option<T>> {
        self.allowed.push(name);
        match self.object.remove(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => match read(value) {
                Ok(read) => Some(Some(read)),
                Err(value) => {
                    self.wrong(&format!("{}{name}", self.prefix), &value, needed);
                    None
                }
            },
        }
    }

    #[expect(clippy::option_option, reason = "a mistake is no missing field")]
    fn demand<T: Default>(
        &mut self,
        name: &'static str,
        read: Option<Option<T>>,
        needed: &str,
    ) -> T {
        if matches!(read, Some(None)) {
            let prefix = &self.prefix;
            let mistake = format!("Field {prefix}{name} is missing: {needed}.");
            self.mistakes.push(mistake);
        }
        read.flatten().unwrap_or_default()
    }

    fn wrong(&mut self, field: &str, value: &Value, needed: &str) {
        let kind = kind(value);
        self.mistakes
            .push(format!("Field {field} is {kind}: {needed}."));
    }

    /// The mistakes, with the fields that nobody read.
    fn noted(mut self) -> Vec<String> {
        let allowed = match &*self.allowed {
            [one] => format!("{one} is allowed"),
            [others @ .., last] => format!("{} and {last} are allowed", others.join(", ")),
            [] => "none is allowed".to_owned(),
        };
        for name in self.object.keys() {
            let name: String = name.chars().take(MAX_NAME).collect();
            let prefix = &self.prefix;
            let mistake = format!(
                "Field {:?} is unknown: {allowed}.",
                format!("{prefix}{name}")
            );
            self.mistakes.push(mistake);
        }
        self.mistakes
    }

    /// All mistakes, as sentences.
    pub(super) fn into_mistakes(self) -> Vec<String> {
        let mut mistakes = self.noted();
        if mistakes.len() > MAX_MISTAKES {
            let more = mistakes.len() - MAX_MISTAKES;
            mistakes.truncate(MAX_MISTAKES);
            mistakes.push(format!("There are {more} more mistakes."));
        }
        mistakes
    }
}

/// What a value is, in JSON's terms.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
