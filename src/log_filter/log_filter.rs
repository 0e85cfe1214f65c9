//! `LogFilter`: the levels and targets of a filter.
//!
//! Its syntax is that of `EnvFilter`, without the texts that `EnvFilter` takes for something else than they seem to be: it reads `warning`
//! and `none` as targets, which it then shows in full while all other targets become silent.

use std::fmt;

use super::env_filter;
#[cfg(feature = "logging")]
use crate::redact::redact;
use crate::redact::{MASK, is_secret};

/// The most bytes of a filter.
const MAX_LENGTH: usize = 4096;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The allowed filters, for errors.
pub(crate) const ALLOWED: &str = "a level (off, error, warn, info, debug, trace) and target=level, separated by commas \
    (like info,hyper=warn)";

/// Levels by other names.
const OTHER_NAMES: [(&str, &str); 6] = [
    ("none", "off"),
    ("silent", "off"),
    ("warning", "warn"),
    ("critical", "error"),
    ("fatal", "error"),
    ("verbose", "debug"),
];

/// A filter whose levels and targets are checked. Shown as text, it is what `EnvFilter` reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogFilter(Vec<Directive>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Directive {
    /// A target, or a span in brackets, or both. Empty for all other targets.
    selector: String,
    level: &'static str,
}

impl LogFilter {
    /// Returns the problem with a text that is no filter, as a sentence's end: `"none" is no level: ..`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("it has more than {MAX_LENGTH} bytes"));
        }
        let mut filter = Self(Vec::new());
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            filter.put(directive(part)?.checked()?);
        }
        if filter.0.is_empty() {
            return Err(format!("it is empty: {ALLOWED} is allowed"));
        }
        Ok(filter)
    }

    /// This filter, with another level for one target.
    pub(crate) fn with_target(&self, target: &str, level: &str) -> Result<Self, String> {
        let mut changed = self.clone();
        let is_target = !target.is_empty() && target.chars().all(is_target_char);
        if !is_target {
            return Err(format!(
                "{target:?} is no target: a path like hyper::client is needed"
            ));
        }
        let directive = Directive {
            selector: target.to_owned(),
            level: level_of(target, level)?,
        };
        changed.put(directive.checked()?);
        if changed.to_string().len() > MAX_LENGTH {
            return Err(format!(
                "the filter would have more than {MAX_LENGTH} bytes"
            ));
        }
        Ok(changed)
    }

    /// The filter without secrets, which the values of its fields may be.
    #[cfg(feature = "logging")]
    pub(crate) fn redacted(&self) -> String {
        let directives = self.0.iter().map(|directive| {
            let selector = redact(&directive.selector).into_owned();
            Directive {
                selector,
                ..*directive
            }
        });
        Self(directives.collect()).to_string()
    }

    fn put(&mut self, directive: Directive) {
        let mut own = self.0.iter_mut();
        match own.find(|own| own.selector == directive.selector) {
            Some(own) => *own = directive,
            None => self.0.push(directive),
        }
    }
}

impl Directive {
    /// Returns this if `EnvFilter` can read it.
    fn checked(self) -> Result<Self, String> {
        let text = self.to_string();
        env_filter::check(&text)
            .map_err(|problem| format!("{text:?} cannot be read: {problem}"))?;
        Ok(self)
    }
}

impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { selector, level } = self;
        if !selector.is_empty() {
            write!(f, "{selector}=")?;
        }
        f.write_str(level)
    }
}

fn directive(text: &str) -> Result<Directive, String> {
    // The level stands after the last bracket, because a field in brackets can have a value.
    let after_span = text.rfind(']').map_or(0, |at| at + 1);
    let Some(equals) = text[after_span..].find('=') else {
        if after_span > 0 || text.contains('[') {
            return Err(format!("{text:?} has no level: write {text}=debug"));
        }
        return Ok(Directive {
            selector: String::new(),
            level: parse_level(text)?,
        });
    };
    let (selector, level) = text.split_at(after_span + equals);
    let target = selector.split('[').next().unwrap_or_default();
    let is_plain = target.chars().all(is_target_char) && !selector.is_empty();
    if !is_plain {
        return Err(format!(
            "{selector:?} is no target: a path like hyper::client is needed"
        ));
    }
    Ok(Directive {
        selector: selector.to_owned(),
        level: level_of(selector, &level[1..])?,
    })
}

/// The level of a target. A text that is none is a secret if the target has the name of one: `password=hunter2`.
fn level_of(selector: &str, text: &str) -> Result<&'static str, String> {
    let level = parse_level(text);
    level.map_err(|problem| {
        if is_secret(selector) {
            no_level(MASK)
        } else {
            problem
        }
    })
}

fn is_target_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-:./".contains(c)
}

/// Reads a level in any case.
pub(crate) fn parse_level(text: &str) -> Result<&'static str, String> {
    let same = |level: &&&str| level.eq_ignore_ascii_case(text.trim());
    if let Some(level) = LEVELS.iter().find(same) {
        return Ok(level);
    }
    let shown: String = text.chars().take(100).collect();
    Err(no_level(&shown))
}

fn no_level(text: &str) -> String {
    let same = |name: &str| name.eq_ignore_ascii_case(text.trim());
    let other = OTHER_NAMES.iter().find(|(name, _)| same(name));
    let hint = other.map_or_else(
        || "off, error, warn, info, debug and trace are levels, and a target needs one (like hyper=warn)".to_owned(),
        |(_, level)| format!("write {level}; off, error, warn, info, debug and trace are levels"),
    );
    format!("{text:?} is no level: {hint}")
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, directive) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            directive.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_and_shown_in_their_order() {
        for (text, shown) in [
            ("info", "info"),
            (" INFO , hyper=Warn,", "info,hyper=warn"),
            ("hyper=warn,info,hyper=debug", "hyper=debug,info"),
            ("off,a::b=trace", "off,a::b=trace"),
            ("info,[request{id=7}]=debug", "info,[request{id=7}]=debug"),
            ("warn,shop[order]=trace", "warn,shop[order]=trace"),
        ] {
            assert_eq!(LogFilter::parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn texts_that_env_filter_would_misread_are_problems() {
        let problem = |text: &str| LogFilter::parse(text).unwrap_err();
        for (text, hint) in [
            ("none", "\"none\" is no level: write off;"),
            ("warning", "\"warning\" is no level: write warn;"),
            ("info,CRITICAL", "\"CRITICAL\" is no level: write error;"),
            ("hyper", "a target needs one (like hyper=warn)"),
            ("hyper=", "\"\" is no level"),
            ("hyper=none", "\"none\" is no level: write off;"),
            ("hyper=3", "\"3\" is no level"),
            ("password=hunter2", "\"[redacted]\" is no level"),
            ("=info", "\"\" is no target"),
            ("my target=info", "\"my target\" is no target"),
            (
                "[request]",
                "\"[request]\" has no level: write [request]=debug",
            ),
            (" , ", "it is empty"),
            (
                "info,[span{id=7]=debug",
                "\"[span{id=7]=debug\" cannot be read: invalid filter directive",
            ),
            ("[span{}]=debug", "\"[span{}]=debug\" cannot be read: "),
            ("./a=debug", "\"./a=debug\" cannot be read: "),
        ] {
            let problem = problem(text);
            assert!(problem.contains(hint), "{text}: {problem}");
        }
        assert!(problem(&"a=info,".repeat(600)).contains("more than 4096 bytes"));
    }

    #[test]
    #[cfg(feature = "logging")]
    fn secrets_are_masked_and_levels_are_not() {
        let filter = |text: &str| LogFilter::parse(text).unwrap().redacted();
        assert_eq!(
            filter("warn,auth=trace,[login{password=hunter2}]=debug"),
            "warn,auth=trace,[login{password=[redacted]}]=debug"
        );
        assert_eq!(
            filter("info,shop[order{id=7}]=debug"),
            "info,shop[order{id=7}]=debug"
        );
    }

    #[test]
    fn the_level_of_one_target_is_replaced_or_added() {
        let filter = LogFilter::parse("info,hyper=warn").unwrap();
        let with = |target, level| filter.with_target(target, level).map(|new| new.to_string());
        assert_eq!(with("hyper", "off"), Ok("info,hyper=off".into()));
        assert_eq!(with("h2", "DEBUG"), Ok("info,hyper=warn,h2=debug".into()));
        assert!(with("h2", "none").unwrap_err().contains("write off"));
        assert!(with("", "info").unwrap_err().contains("no target"));
        assert!(with("a=b,c", "info").unwrap_err().contains("no target"));
    }
}
