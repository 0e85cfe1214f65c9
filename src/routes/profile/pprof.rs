//! The format of pprof, `perftools.profiles.Profile`, that `go tool pprof`, Pyroscope and Parca read.
//!
//! It is written with the crate's own writer, because rpprof's messages cost prost with its derive macros, and prost-build to
//! compile them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, SystemTime};

use super::cpu_profile::{CpuProfile, Stack};
use crate::wire::Wire;

/// Field numbers of the messages in `profile.proto`.
mod profile {
    pub(super) const SAMPLE_TYPE: u32 = 1;
    pub(super) const SAMPLE: u32 = 2;
    pub(super) const MAPPING: u32 = 3;
    pub(super) const LOCATION: u32 = 4;
    pub(super) const FUNCTION: u32 = 5;
    pub(super) const STRING: u32 = 6;
    pub(super) const TIME_NANOS: u32 = 9;
    pub(super) const DURATION_NANOS: u32 = 10;
    pub(super) const PERIOD_TYPE: u32 = 11;
    pub(super) const PERIOD: u32 = 12;
    pub(super) const COMMENT: u32 = 13;
}
mod value_type {
    pub(super) const TYPE: u32 = 1;
    pub(super) const UNIT: u32 = 2;
}
mod sample {
    pub(super) const LOCATIONS: u32 = 1;
    pub(super) const VALUES: u32 = 2;
    pub(super) const LABEL: u32 = 3;
}
mod label {
    pub(super) const KEY: u32 = 1;
    pub(super) const TEXT: u32 = 2;
}
mod mapping {
    pub(super) const ID: u32 = 1;
    pub(super) const FILE: u32 = 5;
    pub(super) const HAS_FUNCTIONS: u32 = 7;
    pub(super) const HAS_FILES: u32 = 8;
    pub(super) const HAS_LINES: u32 = 9;
    pub(super) const HAS_INLINED: u32 = 10;
}
mod location {
    pub(super) const ID: u32 = 1;
    pub(super) const MAPPING: u32 = 2;
    pub(super) const ADDRESS: u32 = 3;
    pub(super) const LINE: u32 = 4;
}
mod line {
    pub(super) const FUNCTION: u32 = 1;
    pub(super) const NUMBER: u32 = 2;
}
mod function {
    pub(super) const ID: u32 = 1;
    pub(super) const NAME: u32 = 2;
    pub(super) const MANGLED: u32 = 3;
    pub(super) const FILE: u32 = 4;
}

/// The only mapping: the functions are known, so readers need not tell the executable from its libraries.
const EXECUTABLE: u64 = 1;

pub(super) fn encode(profile: &CpuProfile) -> Vec<u8> {
    let missed = format!("{} samples were missed", profile.missed);
    let mut writer = Writer::new(profile);
    writer.value_type(profile::SAMPLE_TYPE, "samples", "count");
    writer.value_type(profile::SAMPLE_TYPE, "cpu", "nanoseconds");
    writer.value_type(profile::PERIOD_TYPE, "cpu", "nanoseconds");
    writer.wire.uint(profile::PERIOD, nanos(profile.period));
    let start = profile.start.duration_since(SystemTime::UNIX_EPOCH);
    let start = start.unwrap_or_default();
    writer.wire.uint(profile::TIME_NANOS, nanos(start));
    let duration = nanos(profile.duration);
    writer.wire.uint(profile::DURATION_NANOS, duration);
    writer.mapping();
    for stack in &profile.stacks {
        writer.sample(stack);
    }
    if profile.missed > 0 {
        let missed = writer.text(&missed);
        writer.wire.uint(profile::COMMENT, missed);
    }
    for text in &writer.texts {
        writer.wire.text(profile::STRING, text);
    }
    writer.wire.into_bytes()
}

struct Writer<'a> {
    profile: &'a CpuProfile,
    wire: Wire,
    /// All texts in the order of their numbers. The first one is empty.
    texts: Vec<&'a str>,
    text_ids: HashMap<&'a str, u64>,
    location_ids: HashMap<usize, u64>,
    /// By name and file.
    function_ids: HashMap<(&'a str, &'a str), u64>,
}

impl<'a> Writer<'a> {
    fn new(profile: &'a CpuProfile) -> Self {
        Self {
            profile,
            wire: Wire::with_capacity(64 << 10),
            texts: vec![""],
            text_ids: HashMap::from([("", 0)]),
            location_ids: HashMap::new(),
            function_ids: HashMap::new(),
        }
    }

    fn text(&mut self, text: &'a str) -> u64 {
        let next = self.texts.len() as u64;
        let id = *self.text_ids.entry(text).or_insert(next);
        if id == next {
            self.texts.push(text);
        }
        id
    }

    fn value_type(&mut self, field: u32, kind: &'a str, unit: &'a str) {
        let (kind, unit) = (self.text(kind), self.text(unit));
        self.wire.message(field, |wire| {
            wire.uint(value_type::TYPE, kind);
            wire.uint(value_type::UNIT, unit);
        });
    }

    fn mapping(&mut self) {
        let file = self.text(&self.profile.program);
        self.wire.message(profile::MAPPING, |wire| {
            wire.uint(mapping::ID, EXECUTABLE);
            wire.uint(mapping::FILE, file);
            wire.uint(mapping::HAS_FUNCTIONS, 1);
            wire.uint(mapping::HAS_FILES, 1);
            wire.uint(mapping::HAS_LINES, 1);
            wire.uint(mapping::HAS_INLINED, 1);
        });
    }

    fn sample(&mut self, stack: &'a Stack) {
        let addresses = stack.addresses.iter();
        let locations: Vec<_> = addresses.map(|address| self.location(*address)).collect();
        let cpu = stack.samples.saturating_mul(nanos(self.profile.period));
        let (key, thread) = (self.text("thread"), self.text(&stack.thread));
        self.wire.message(profile::SAMPLE, |wire| {
            wire.packed_uints(sample::LOCATIONS, locations.into_iter());
            wire.packed_uints(sample::VALUES, [stack.samples, cpu].into_iter());
            wire.message(sample::LABEL, |wire| {
                wire.uint(label::KEY, key);
                wire.uint(label::TEXT, thread);
            });
        });
    }

    /// Writes the location of an address, unless it is written already.
    fn location(&mut self, address: usize) -> u64 {
        let id = self.location_ids.len() as u64 + 1;
        match self.location_ids.entry(address) {
            Entry::Occupied(known) => return *known.get(),
            Entry::Vacant(new) => new.insert(id),
        };
        let lines = self.profile.lines_of(address).iter();
        let lines: Vec<_> = lines
            .map(|line| {
                let name = (line.function.as_str(), line.file.as_str());
                (self.function(name, &line.mangled), line.number)
            })
            .collect();
        self.wire.message(profile::LOCATION, |wire| {
            wire.uint(location::ID, id);
            wire.uint(location::MAPPING, EXECUTABLE);
            wire.uint(location::ADDRESS, address as u64);
            for (function, number) in lines {
                wire.message(location::LINE, |wire| {
                    wire.uint(line::FUNCTION, function);
                    wire.uint(line::NUMBER, number.into());
                });
            }
        });
        id
    }

    /// Writes a function, unless it is written already.
    fn function(&mut self, name_and_file: (&'a str, &'a str), mangled: &'a str) -> u64 {
        let id = self.function_ids.len() as u64 + 1;
        match self.function_ids.entry(name_and_file) {
            Entry::Occupied(known) => return *known.get(),
            Entry::Vacant(new) => new.insert(id),
        };
        let (name, file) = name_and_file;
        let (name, file, mangled) = (self.text(name), self.text(file), self.text(mangled));
        self.wire.message(profile::FUNCTION, |wire| {
            wire.uint(function::ID, id);
            wire.uint(function::NAME, name);
            wire.uint(function::MANGLED, mangled);
            wire.uint(function::FILE, file);
        });
        id
    }
}

/// Enough for 584 years.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
