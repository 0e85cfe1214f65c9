//! `BackupName`: the end of a backup's name.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::period::is_period;

/// The end of the name of a compressed backup.
pub(super) const GZ: &str = ".gz";

/// The highest number. Other programs end names with a date such as 20261128.
pub(super) const MAX_NUMBER: u32 = 99_999;

/// How the name of a backup goes on after that of its log: `.2`, `.2026-11-28`, or `.2026-11-28.1` for the second one of that day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BackupName {
    /// Empty for rotation by size alone.
    pub(super) period: String,
    /// Of the backups of one period, later ones have higher numbers. Without a period, later ones have lower numbers.
    pub(super) number: u32,
    pub(super) is_compressed: bool,
}

impl BackupName {
    pub(super) fn numbered(number: u32) -> Self {
        Self {
            period: String::new(),
            number,
            is_compressed: false,
        }
    }

    pub(super) fn of_period(period: String, number: u32) -> Self {
        Self {
            period,
            number,
            is_compressed: false,
        }
    }

    /// The name in this file name. `None` if no backup of the log has it.
    pub(super) fn parse(log: &OsStr, file: &OsStr) -> Option<Self> {
        let rest = file.to_str()?.strip_prefix(log.to_str()?)?;
        let (rest, is_compressed) = match rest.strip_suffix(GZ) {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let rest = rest.strip_prefix('.')?;
        let (period, number) = match rest.split_once('.') {
            Some((period, number)) => (period, Some(number)),
            None if is_period(rest) => (rest, None),
            None => ("", Some(rest)),
        };
        if !period.is_empty() && !is_period(period) {
            return None;
        }
        let number = number.map_or(Some(0), |number| {
            let parsed: u32 = number.parse().ok()?;
            // Not `+1` and not `01`. The first backup of a period has no number.
            ((1..=MAX_NUMBER).contains(&parsed) && parsed.to_string() == number).then_some(parsed)
        })?;
        Some(Self {
            period: period.to_owned(),
            number,
            is_compressed,
        })
    }

    /// The path of the backup of this log.
    pub(super) fn path(&self, log: &Path) -> PathBuf {
        let mut path = OsString::from(log);
        if !self.period.is_empty() {
            path.push(".");
            path.push(&self.period);
        }
        if self.number > 0 {
            path.push(format!(".{}", self.number));
        }
        if self.is_compressed {
            path.push(GZ);
        }
        path.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_names_of_backups_are_parsed_and_each_is_written_again() {
        let parse = |file: &str| BackupName::parse("app.log".as_ref(), file.as_ref());
        for (file, period, number, is_compressed) in [
            ("app.log.1", "", 1, false),
            ("app.log.12.gz", "", 12, true),
            ("app.log.2026-11-28", "2026-11-28", 0, false),
            ("app.log.2026-11-28.3.gz", "2026-11-28", 3, true),
            ("app.log.2026-11-28_13", "2026-11-28_13", 0, false),
        ] {
            let name = parse(file).unwrap();
            assert_eq!(name.period, period, "{file}");
            assert_eq!((name.number, name.is_compressed), (number, is_compressed));
            assert_eq!(name.path(Path::new("app.log")), Path::new(file));
        }
        for other in [
            "app.log",
            "app.log.",
            "app.log.gz",
            "app.log.0",
            "app.log.01",
            "app.log.+1",
            "app.log.1.2",
            "app.log.1.bak",
            "app.log1",
            "app.log.old",
            "myapp.log.1",
            "app.log.2026-11-28.",
            "app.log.2026-11-2a",
            "app.log.2026-11-28_",
            "app.log.2026-11-28.0",
            "app.log..1",
            "app.log.1.gz.gz",
            "app.log.4294967296",
            "app.log.20261128",
            "app.log.gz.tmp",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
