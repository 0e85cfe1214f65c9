//! Reads variables and collects their problems.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use secrecy::SecretString;
use serde::Serialize;

use super::form::Form;
use super::ignored_links::IgnoredLinks;
use super::service_link::is_service_link;
use crate::error::Error;
use crate::redact::{MASK, redact, register_own};

/// Bytes that the file of a secret can have.
const MAX_FILE: usize = 64 * 1024;

/// Characters of a wrong value that an error quotes.
const MAX_QUOTE: usize = 100;

/// The origin of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Source {
    Default,
    Environment,
    File,
}

/// By variable. Holds only variables that are set.
pub(super) type Sources = BTreeMap<&'static str, Source>;

pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<OsString>,
    sources: Sources,
    problems: Vec<String>,
    pub(super) ignored: IgnoredLinks,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self {
            lookup,
            sources: Sources::new(),
            problems: Vec::new(),
            ignored: IgnoredLinks::default(),
        }
    }

    /// Returns the variable's value, or the default if the variable is not set or wrong.
    pub(super) fn read<T>(&mut self, name: &'static str, form: &Form<T>, default: T) -> T {
        let Some(text) = self.text(name) else {
            return default;
        };
        let Some(value) = (form.parse)(&text) else {
            let (quoted, allowed) = (quote(&text), form.allowed);
            self.problem(format!("{name} is {quoted}: {allowed} is allowed"));
            return default;
        };
        self.sources.insert(name, Source::Environment);
        value
    }

    /// Like [`read`](Self::read), from the variable or from the file that `NAME_FILE` names. No problem quotes the value.
    pub(super) fn secret(
        &mut self,
        name: &'static str,
        form: &Form<String>,
        default: Option<SecretString>,
    ) -> Option<SecretString> {
        let (text, path) = (self.text(name), self.text(&format!("{name}_FILE")));
        let (text, subject, source) = match (text, path) {
            (None, None) => return default,
            (Some(_), Some(_)) => {
                self.problem(format!(
                    "{name} and {name}_FILE are both set: one of them is allowed"
                ));
                return default;
            }
            (Some(text), None) => (text, format!("{name} is"), Source::Environment),
            (None, Some(path)) => {
                let subject = format!("{name}_FILE is {}, which", quote_path(&path));
                match read_file(&path) {
                    Ok(text) => (text, format!("{subject} holds"), Source::File),
                    Err(problem) => {
                        self.problem(format!(
                            "{subject} {problem}: the path of a file that holds the secret in UTF-8, in at most {MAX_FILE} \
                             bytes, is allowed"
                        ));
                        return default;
                    }
                }
            }
        };
        let Some(value) = (form.parse)(&text) else {
            let allowed = form.allowed;
            self.problem(format!("{subject} {MASK}: {allowed} is allowed"));
            return default;
        };
        register_own(&value);
        self.sources.insert(name, source);
        Some(value.into())
    }

    /// Returns the sources of values, or one error that names every problem.
    pub(super) fn finish(self) -> Result<Sources, Error> {
        let settings = match self.problems.len() {
            0 => return Ok(self.sources),
            1 => "1 setting is".to_owned(),
            several => format!("{several} settings are"),
        };
        let problems = self.problems.join("; ");
        Err(Error::invalid(format!("{settings} wrong: {problems}")))
    }

    /// Returns the variable, trimmed. An empty variable counts as not set, and so does a service link of Kubernetes.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let Ok(text) = (self.lookup)(name)?.into_string() else {
            self.problem(format!("{name} is not UTF-8: text in UTF-8 is allowed"));
            return None;
        };
        let text = text.trim();
        if is_service_link(name, text) {
            self.ignored.add(name, text);
            return None;
        }
        Some(text.to_owned()).filter(|text| !text.is_empty())
    }

    pub(super) fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }
}

/// Returns the file's content, trimmed, or the problem with it.
fn read_file(path: &str) -> Result<String, String> {
    let read = |bytes: &mut Vec<u8>| -> io::Result<usize> {
        // One byte more than allowed shows that a file is too large.
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

/// Redacts before it cuts, because a secret that is cut in half is not recognized.
fn quote(text: &str) -> String {
    let text = redact(text);
    match text.char_indices().nth(MAX_QUOTE) {
        None => format!("{text:?}"),
        Some((end, _)) => {
            let more = text[end..].chars().count();
            format!("{:?} .. ({more} characters more)", &text[..end])
        }
    }
}

/// Quotes a path only if its folder exists: it may be the secret itself in the wrong variable, and base64 can begin with `/`.
fn quote_path(path: &str) -> String {
    let is_rooted = Path::new(path).is_absolute() || path.starts_with('.');
    let folder = Path::new(path).parent();
    let is_folder = |folder: &Path| folder.parent().is_some() && folder.is_dir();
    if is_rooted && folder.is_some_and(is_folder) {
        quote(path)
    } else {
        format!("{MASK} (shown only if it begins with / or . and its folder exists)")
    }
}
