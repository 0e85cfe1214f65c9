//! A parser of both text formats for the tests. It shares no code with the crate, and refuses what its grammar does not
//! allow.

use std::collections::{BTreeMap, BTreeSet};

use tower_vitals::exporter::{Series, Snapshot, Value};

pub type Labels = BTreeMap<String, String>;

/// A number that is compared exactly: counts above 2^53 keep their last digits, and NaN equals itself.
#[derive(Clone, Copy)]
pub enum Number {
    Whole(u64),
    Float(f64),
}

/// One line, in the order of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: Vec<(String, String)>,
    pub value: Number,
}

/// A text, line by line. Nothing is merged or sorted.
#[derive(Debug, Default)]
pub struct Exposition {
    /// Name and type of each `# TYPE` line.
    pub types: Vec<(String, String)>,
    /// Name and text of each `# HELP` line.
    pub helps: Vec<(String, String)>,
    pub samples: Vec<Sample>,
    /// For each sample, the index in `types` of the last `# TYPE` line before it.
    pub families: Vec<Option<usize>>,
}

impl Number {
    #[track_caller]
    fn parse(text: &str) -> Self {
        match text.parse() {
            Ok(whole) => Self::Whole(whole),
            Err(_) => Self::Float(text.parse().unwrap_or_else(|_| panic!("number {text:?}"))),
        }
    }

    pub fn as_f64(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        if let (Self::Whole(a), Self::Whole(b)) = (self, other) {
            return a == b;
        }
        let (a, b) = (self.as_f64(), other.as_f64());
        a == b || a.is_nan() && b.is_nan()
    }
}

impl std::fmt::Debug for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(whole) => write!(f, "{whole}"),
            Self::Float(float) => write!(f, "{float:?}"),
        }
    }
}

impl Sample {
    /// The labels by name. Panics if a name occurs twice.
    #[track_caller]
    pub fn labels(&self) -> Labels {
        let labels: Labels = self.labels.iter().cloned().collect();
        assert_eq!(labels.len(), self.labels.len(), "label twice: {self:?}");
        labels
    }

    pub fn label(&self, name: &str) -> Option<&str> {
        let mut labels = self.labels.iter();
        labels
            .find(|(own, _)| own == name)
            .map(|(_, value)| &**value)
    }
}

impl Exposition {
    /// Parses text format 0.0.4 or, if the text ends in `# EOF`, `OpenMetrics`.
    #[track_caller]
    pub fn parse(text: &str) -> Self {
        assert!(text.is_empty() || text.ends_with('\n'), "no end: {text:?}");
        let mut parsed = Self::default();
        // `str::lines` would take a carriage return from the end of a line.
        for line in text.split('\n').filter(|line| !line.is_empty()) {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
                parsed.helps.push((name.to_owned(), unescaped(help)));
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect(line);
                parsed.types.push((name.to_owned(), kind.to_owned()));
            } else if !line.starts_with('#') {
                parsed.samples.push(sample(line));
                parsed.families.push(parsed.types.len().checked_sub(1));
            }
        }
        parsed
    }

    /// The values by name and labels. A label without a value is the same as none. Panics if a series occurs twice.
    #[track_caller]
    pub fn values(&self) -> BTreeMap<(String, Labels), Number> {
        let mut values = BTreeMap::new();
        for sample in &self.samples {
            let mut labels = sample.labels();
            labels.retain(|_, value| !value.is_empty());
            if let Some(bound) = labels.get_mut("le") {
                *bound = format!("{:?}", Number::parse(bound).as_f64());
            }
            let twice = values.insert((sample.name.clone(), labels), sample.value);
            assert_eq!(twice, None, "series twice: {sample:?}");
        }
        values
    }

    pub fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.samples
            .iter()
            .filter(move |sample| sample.name == name)
    }

    /// The only value of the series of this name that has all of these labels.
    #[track_caller]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let having = self.of(name).filter(|sample| {
            labels
                .iter()
                .all(|(name, value)| sample.label(name).unwrap_or_default() == *value)
        });
        let having: Vec<_> = having.collect();
        assert_eq!(having.len(), 1, "{name}{labels:?}: {:#?}", self.samples);
        having[0].value.as_f64()
    }

    /// The type of a family.
    pub fn kind(&self, name: &str) -> Option<&str> {
        let mut types = self.types.iter();
        types.find(|(own, _)| own == name).map(|(_, kind)| &**kind)
    }

    /// Asserts what both formats demand: valid names, one type and help a family, no series twice, all series of a
    /// family together, no reserved label, and whole, rising buckets with a count that equals `+Inf`.
    #[track_caller]
    pub fn assert_valid(&self) {
        let mut names = BTreeSet::new();
        for (name, _) in &self.types {
            assert!(is_metric_name(name), "name {name:?}");
            assert!(names.insert(name), "TYPE twice: {name}");
        }
        let mut helps = BTreeSet::new();
        for (name, _) in &self.helps {
            assert!(helps.insert(name), "HELP twice: {name}");
        }
        let mut seen = BTreeSet::new();
        for (sample, family) in self.samples.iter().zip(&self.families) {
            assert!(is_metric_name(&sample.name), "{sample:?}");
            let (family, kind) = &self.types[family.expect("a sample before any TYPE")];
            let suffix = sample.name.strip_prefix(&**family);
            let suffixes: &[&str] = match &**kind {
                "histogram" => &["_bucket", "_sum", "_count"],
                "counter" => &["", "_total"],
                _ => &[""],
            };
            assert!(
                suffix.is_some_and(|suffix| suffixes.contains(&suffix)),
                "{} is in the {kind} {family}",
                sample.name
            );
            let is_bucket = kind == "histogram" && suffix == Some("_bucket");
            for (label, _) in &sample.labels {
                let is_reserved =
                    label.starts_with("__") || label == "quantile" || label == "le" && !is_bucket;
                assert!(is_label_name(label) && !is_reserved, "{sample:?}");
            }
            assert_eq!(sample.label("le").is_some(), is_bucket, "{sample:?}");
            assert!(
                seen.insert((&sample.name, sample.labels())),
                "series twice: {sample:?}"
            );
        }
        for (name, _) in self.types.iter().filter(|(_, kind)| kind == "histogram") {
            self.assert_buckets(name);
        }
    }

    #[track_caller]
    fn assert_buckets(&self, name: &str) {
        let mut series: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
        for sample in self.of(&format!("{name}_bucket")) {
            let mut labels = sample.labels();
            let bound: f64 = labels.remove("le").unwrap().parse().unwrap();
            let buckets = series.entry(labels).or_default();
            buckets.push((bound, sample.value.as_f64()));
        }
        for (labels, buckets) in &series {
            for pair in buckets.windows(2) {
                assert!(
                    pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1,
                    "{name}{labels:?}: {buckets:?}"
                );
            }
            let last = buckets.last().unwrap();
            assert_eq!(last.0, f64::INFINITY, "{name}{labels:?}: {buckets:?}");
            // OpenMetrics has no count for negative bounds.
            let count = format!("{name}_count");
            let count = self.of(&count);
            for count in count.filter(|count| count.labels() == *labels) {
                assert_eq!(count.value.as_f64(), last.1, "{name}{labels:?}");
            }
        }
    }
}

/// The values of a snapshot, by the names and labels of the text.
pub fn of_snapshot(snapshot: &Snapshot) -> BTreeMap<(String, Labels), Number> {
    let mut values = BTreeMap::new();
    for family in &snapshot.families {
        for series in &family.series {
            let labels = labels_of(series);
            let mut add = |suffix: &str, labels: Labels, value: Number| {
                let name = format!("{}{suffix}", family.name);
                let twice = values.insert((name, labels), value);
                assert_eq!(twice, None, "series twice: {}{series:?}", family.name);
            };
            match &series.value {
                Value::Counter(value) | Value::Gauge(value) => {
                    add("", labels, Number::Float(*value));
                }
                Value::Histogram(histogram) => {
                    for (bound, count) in &histogram.buckets {
                        let mut labels = labels.clone();
                        labels.insert("le".to_owned(), format!("{bound:?}"));
                        add("_bucket", labels, Number::Whole(*count));
                    }
                    add("_sum", labels.clone(), Number::Float(histogram.sum));
                    add("_count", labels, Number::Whole(histogram.count));
                }
            }
        }
    }
    values
}

/// The labels of a series of a snapshot that have a value.
pub fn labels_of(series: &Series) -> Labels {
    let labels = series.labels.iter();
    let labels = labels.filter(|(_, value)| !value.is_empty());
    labels
        .map(|(name, value)| (String::from(name), String::from(value)))
        .collect()
}

pub fn is_metric_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
    name.bytes().all(is_part) && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

pub fn is_label_name(name: &str) -> bool {
    is_metric_name(name) && !name.contains(':')
}

#[track_caller]
fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).expect(line);
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"").expect(line);
            let end = closing_quote(after).expect(line);
            labels.push((label.to_owned(), unescaped(&after[..end])));
            rest = &after[end + 1..];
            if let Some(more) = rest.strip_prefix(',') {
                assert!(!more.starts_with('}'), "{line}");
                rest = more;
            } else {
                assert!(rest.starts_with('}'), "{line}");
            }
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ').expect(line);
    Sample {
        name: name.to_owned(),
        labels,
        value: Number::parse(value),
    }
}

/// The position of the first quote that no backslash escapes.
fn closing_quote(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate();
    while let Some((position, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(position),
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
    None
}

/// Resolves `\\`, `\"` and `\n`. Panics at another escape.
#[track_caller]
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        plain.push(match char {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some(escaped @ ('\\' | '"')) => escaped,
                other => panic!("escape {other:?} in {text:?}"),
            },
            char => char,
        });
    }
    plain
}
