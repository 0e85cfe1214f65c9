//! Reads one variable after another, and keeps what was wrong with each.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use secrecy::SecretString;
use serde::Serialize;

use crate::error::Error;
use crate::redact::{MASK, redact};

/// How large the file of a secret may be.
const MAX_FILE: usize = 64 * 1024;

/// How many characters of a wrong value are shown.
const MAX_SHOWN: usize = 100;

/// Where a value is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Source {
    Default,
    Environment,
    File,
}

/// By variable, for those that are set.
pub(super) type Sources = BTreeMap<&'static str, Source>;

pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<OsString>,
    sources: Sources,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self {
            lookup,
            sources: Sources::new(),
            problems: Vec::new(),
        }
    }

    /// The variable as its form reads it; none if it is not set or wrong. A form that refuses says what is allowed.
    pub(super) fn read<T>(
        &mut self,
        name: &'static str,
        form: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(name)?;
        match form(&text) {
            Ok(value) => {
                self.sources.insert(name, Source::Environment);
                Some(value)
            }
            Err(allowed) => {
                self.problem(format!("{name} is {}: {allowed} is allowed", shown(&text)))
            }
        }
    }

    /// As [`read`](Self::read), from the variable or from the file that `NAME_FILE` names. No problem shows the value.
    pub(super) fn secret(
        &mut self,
        name: &'static str,
        form: impl Fn(&str) -> Result<String, String>,
    ) -> Option<SecretString> {
        let (text, path) = (self.text(name), self.text(&format!("{name}_FILE")));
        let (text, is, source) = match (text, path) {
            (None, None) => return None,
            (Some(_), Some(_)) => {
                return self.problem(format!(
                    "{name} and {name}_FILE are both set: one of them is allowed"
                ));
            }
            (Some(text), None) => (text, format!("{name} is"), Source::Environment),
            (None, Some(path)) => {
                let is = format!("{name}_FILE is {}, which", shown_path(&path));
                match content(&path) {
                    Ok(text) => (text, format!("{is} holds"), Source::File),
                    Err(problem) => {
                        return self.problem(format!(
                            "{is} {problem}: the path of a file that holds the secret in UTF-8, in at most {MAX_FILE} \
                             bytes, is allowed"
                        ));
                    }
                }
            }
        };
        match form(&text) {
            Ok(value) => {
                self.sources.insert(name, source);
                Some(value.into())
            }
            Err(allowed) => self.problem(format!("{is} {MASK}: {allowed} is allowed")),
        }
    }

    /// Whether this variable was read and refused.
    pub(super) fn was_wrong(&self, name: &str) -> bool {
        let begins = format!("{name} is ");
        self.problems
            .iter()
            .any(|problem| problem.starts_with(&begins))
    }

    /// Where values are from, or everything that was wrong.
    pub(super) fn finish(self) -> Result<Sources, Error> {
        let settings = match self.problems.len() {
            0 => return Ok(self.sources),
            1 => "1 setting is".to_owned(),
            several => format!("{several} settings are"),
        };
        let problems = self.problems.join("; ");
        Err(Error::invalid(format!("{settings} wrong: {problems}")))
    }

    /// The variable trimmed. None if there is nothing in it.
    fn text(&mut self, name: &str) -> Option<String> {
        match (self.lookup)(name)?.into_string() {
            Ok(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Err(_) => self.problem(format!("{name} is not UTF-8: text in UTF-8 is allowed")),
        }
    }

    fn problem<T>(&mut self, problem: String) -> Option<T> {
        self.problems.push(problem);
        None
    }
}

/// What a file holds, trimmed; or why that is no secret.
fn content(path: &str) -> Result<String, String> {
    let read = |bytes: &mut Vec<u8>| -> io::Result<usize> {
        // One more, to tell a file that is too large.
        File::open(path)?
            .take(MAX_FILE as u64 + 1)
            .read_to_end(bytes)
    };
    let mut bytes = Vec::new();
    let length = read(&mut bytes).map_err(|error| format!("cannot be read ({error})"))?;
    if length > MAX_FILE {
        return Err(format!("holds more than {MAX_FILE} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    match text.trim() {
        "" => Err("is empty".to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// A value as an error shows it: redacted first, so that no secret is cut in half, and then cut.
fn shown(text: &str) -> String {
    let text = redact(text);
    match text.char_indices().nth(MAX_SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => {
            let more = text[end..].chars().count();
            format!("{:?} .. ({more} characters more)", &text[..end])
        }
    }
}

/// A path as an error shows it. It may be the secret itself, put into the wrong variable, and base64 may begin with `/`:
/// so its folder must be there.
fn shown_path(path: &str) -> String {
    let is_rooted = Path::new(path).is_absolute() || path.starts_with('.');
    let folder = Path::new(path).parent();
    let is_folder = |folder: &Path| folder.parent().is_some() && folder.is_dir();
    if is_rooted && folder.is_some_and(is_folder) {
        shown(path)
    } else {
        format!("{MASK} (shown only if it begins with / or . and its folder is there)")
    }
}
