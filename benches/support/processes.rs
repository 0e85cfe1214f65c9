//! `Processes`: measures each section of a benchmark in fresh processes.

use std::env;
use std::process::{self, Command, Stdio};

use super::figures::Figures;

const PROCESSES: &str = "--processes";
const ONLY: &str = "--only";
const SECTION: &str = "--section";

/// The processes in which sections are measured. Where memory comes to lie differs between processes and moves figures by a
/// third, so one process alone says little.
///
/// `--processes 20` sets their number, and `--only NAME` skips all other sections.
pub(crate) struct Processes {
    count: usize,
    only: Option<String>,
    /// Set in a child: the section that it measures.
    section: Option<String>,
}

impl Processes {
    pub(crate) fn from_args(default: usize) -> Self {
        let args: Vec<_> = env::args().skip(1).collect();
        let option = |name: &str| {
            let place = args.iter().position(|arg| arg == name)?;
            Some(args.get(place + 1).unwrap().clone())
        };
        Self {
            count: option(PROCESSES).map_or(default, |count| count.parse().unwrap()),
            only: option(ONLY),
            section: option(SECTION),
        }
    }

    /// Whether this process prints the tables.
    pub(crate) fn is_parent(&self) -> bool {
        self.section.is_none()
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Returns the figures of `measure` from all processes; `None` if this process does not show them.
    pub(crate) fn measure(
        &self,
        section: &str,
        measure: impl FnOnce(&mut Figures),
    ) -> Option<Figures> {
        self.measure_in(self.count, section, measure)
    }

    /// Like [`measure`](Self::measure), in one process. For figures that do not vary.
    pub(crate) fn measure_once(
        &self,
        section: &str,
        measure: impl FnOnce(&mut Figures),
    ) -> Option<Figures> {
        self.measure_in(1, section, measure)
    }

    fn measure_in(
        &self,
        count: usize,
        section: &str,
        measure: impl FnOnce(&mut Figures),
    ) -> Option<Figures> {
        let mut figures = Figures::default();
        if let Some(own) = &self.section {
            if own == section {
                measure(&mut figures);
                figures.write();
                process::exit(0);
            }
            return None;
        }
        if self.only.as_ref().is_some_and(|only| only != section) {
            return None;
        }
        for _ in 0..count {
            let child = Command::new(env::current_exe().unwrap())
                .args([SECTION, section])
                .stderr(Stdio::inherit())
                .output()
                .unwrap();
            assert!(child.status.success(), "{section} failed");
            figures.read(&String::from_utf8(child.stdout).unwrap());
        }
        Some(figures)
    }
}
