//! `Exposition`: the format and the names that a scraper asks for.

use http::HeaderMap;

use super::accept;
use crate::exporter::{Escaping, Format, Reader};

const PROTOBUF: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// A content type with the parameter of each escaping.
macro_rules! content_type {
    ($media_type:literal, $escaping:expr) => {
        match $escaping {
            Escaping::Underscores => concat!($media_type, "; escaping=underscores"),
            Escaping::AllowUtf8 => concat!($media_type, "; escaping=allow-utf-8"),
            Escaping::Dots => concat!($media_type, "; escaping=dots"),
            Escaping::Values => concat!($media_type, "; escaping=values"),
        }
    };
}

/// The format and the names that a scraper asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Exposition {
    format: Format,
    /// `None` for a scraper that knows of no escaping. Its names are those of `Escaping::Underscores`.
    escaping: Option<Escaping>,
}

impl Exposition {
    /// What a client without wishes gets.
    pub(super) const DEFAULT: Self = Self {
        format: Format::Text,
        escaping: None,
    };

    /// Returns what the service has of that which `Accept` likes best, or `None` for JSON. Text is the default.
    pub(super) fn negotiated(
        headers: &HeaderMap,
        formats: &[Format],
        has_utf8_names: bool,
    ) -> Option<Self> {
        let mut offers: Vec<_> = formats.iter().map(|format| offer(*format)).collect();
        offers.insert(offers.len().saturating_sub(1), "application/json");
        let best = accept::best(headers, &offers);
        let format = *formats.iter().find(|format| offer(**format) == best)?;
        let escaping = has_utf8_names.then(|| escaping(format, headers)).flatten();
        Some(Self { format, escaping })
    }

    /// Without an escaping, all names are such that every scraper can take them.
    pub(super) fn render(self, reader: &Reader) -> Vec<u8> {
        reader.render(self.format, self.escaping.unwrap_or(Escaping::Underscores))
    }

    pub(super) fn content_type(self) -> &'static str {
        match (self.format, self.escaping) {
            (Format::Text, None) => "text/plain; version=0.0.4; charset=utf-8",
            (Format::Text, Some(escaping)) => {
                content_type!("text/plain; version=1.0.0; charset=utf-8", escaping)
            }
            (Format::OpenMetrics, None) => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
            (Format::OpenMetrics, Some(escaping)) => content_type!(
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
                escaping
            ),
            (Format::Protobuf, None) => PROTOBUF,
            (Format::Protobuf, Some(escaping)) => content_type!(
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
                escaping
            ),
        }
    }
}

/// The media type to look for in `Accept`.
fn offer(format: Format) -> &'static str {
    match format {
        // In any version: a client that knows a later one reads this one, too.
        Format::Text => "text/plain",
        Format::OpenMetrics => "application/openmetrics-text; version=1.0.0",
        Format::Protobuf => PROTOBUF,
    }
}

/// The escaping that the scraper asks for in this format. One that is unknown is none.
fn escaping(format: Format, headers: &HeaderMap) -> Option<Escaping> {
    let parameters = accept::parameters(headers, offer(format))?;
    let is_known = match format {
        // Text 0.0.4 has no escaping.
        Format::Text => accept::parameter(parameters, "version") == Some("1.0.0"),
        Format::OpenMetrics | Format::Protobuf => true,
    };
    let name = accept::parameter(parameters, "escaping").filter(|_| is_known)?;
    Escaping::from_name(name)
}

#[cfg(test)]
mod tests {
    use http::header::ACCEPT;

    use super::*;

    const FORMATS: [Format; 2] = [Format::OpenMetrics, Format::Text];

    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    const JSON: &str = "application/json";

    /// The content type without and with names of all characters.
    fn negotiated(accept: &str) -> [String; 2] {
        let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
        [false, true].map(|has_utf8_names| {
            let exposition = Exposition::negotiated(&headers, &FORMATS, has_utf8_names);
            exposition.map_or(JSON, Exposition::content_type).to_owned()
        })
    }

    /// What each scraper sends, from its source, and what it gets. In versions of the same lists they are equal.
    #[test]
    fn each_scraper_gets_the_format_and_the_escaping_that_it_asks_for() {
        const PROTOBUF: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
        let open = |escaping: &str| format!("{OPEN}; escaping={escaping}");
        let text = |escaping: &str| {
            format!("text/plain; version=1.0.0; charset=utf-8; escaping={escaping}")
        };
        let ranges = |ranges: &[&str]| ranges.join(",");
        for (scraper, accept, expected) in [
            // Prometheus 2.42, `scrape/scrape.go`, `scrapeAcceptHeader`.
            (
                "Prometheus 2.42",
                ranges(&[
                    "application/openmetrics-text;version=1.0.0",
                    "application/openmetrics-text;version=0.0.1;q=0.75",
                    "text/plain;version=0.0.4;q=0.5",
                    "*/*;q=0.1",
                ]),
                OPEN.to_owned(),
            ),
            (
                "Prometheus 2.42 with native histograms",
                ranges(&[
                    PROTOBUF,
                    "application/openmetrics-text;version=1.0.0;q=0.8",
                    "application/openmetrics-text;version=0.0.1;q=0.75",
                    "text/plain;version=0.0.4;q=0.5",
                    "*/*;q=0.1",
                ]),
                OPEN.to_owned(),
            ),
            // Prometheus 2.53, `scrape/scrape.go`, `acceptHeader`.
            (
                "Prometheus 2.53",
                ranges(&[
                    "application/openmetrics-text;version=1.0.0;q=0.5",
                    "application/openmetrics-text;version=0.0.1;q=0.4",
                    "text/plain;version=0.0.4;q=0.3",
                    "*/*;q=0.2",
                ]),
                OPEN.to_owned(),
            ),
            // Prometheus 3.0 gives each range an escaping, and one range two.
            (
                "Prometheus 3.0",
                ranges(&[
                    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6",
                    "application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.5",
                    "text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.4",
                    "text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3",
                    "*/*;q=0.2",
                ]),
                open("allow-utf-8"),
            ),
            // Its text has the parameter even if it takes no such names.
            (
                "Prometheus 3.0 with names of the old kind",
                ranges(&[
                    "application/openmetrics-text;version=1.0.0;q=0.6",
                    "application/openmetrics-text;version=0.0.1;q=0.5",
                    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4",
                    "text/plain;version=0.0.4;q=0.3",
                    "*/*;q=0.2",
                ]),
                OPEN.to_owned(),
            ),
            // Prometheus 3.5 to 3.9, `scrape/scrape.go`, `acceptHeader`, and `config/config.go`, `ScrapeProtocolsHeaders`.
            // The collector's receiver `prometheus` scrapes with this package.
            (
                "Prometheus 3.5, OpenTelemetry collector",
                ranges(&[
                    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6",
                    "application/openmetrics-text;version=0.0.1;q=0.5",
                    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4",
                    "text/plain;version=0.0.4;q=0.3",
                    "*/*;q=0.2",
                ]),
                open("allow-utf-8"),
            ),
            (
                "Prometheus 3.5 with native histograms",
                ranges(&[
                    &format!("{PROTOBUF};q=0.6"),
                    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5",
                    "application/openmetrics-text;version=0.0.1;q=0.4",
                    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3",
                    "text/plain;version=0.0.4;q=0.2",
                    "*/*;q=0.1",
                ]),
                open("allow-utf-8"),
            ),
            (
                "Prometheus 3.5, metric_name_escaping_scheme: underscores",
                ranges(&[
                    "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6",
                    "application/openmetrics-text;version=0.0.1;q=0.5",
                    "text/plain;version=1.0.0;escaping=underscores;q=0.4",
                    "text/plain;version=0.0.4;q=0.3",
                    "*/*;q=0.2",
                ]),
                open("underscores"),
            ),
            (
                "Prometheus 3.5, metric_name_escaping_scheme: dots, scrape_protocols: [PrometheusText1.0.0]",
                ranges(&["text/plain;version=1.0.0;escaping=dots;q=0.6", "*/*;q=0.5"]),
                text("dots"),
            ),
            (
                "Prometheus 3.5, metric_name_escaping_scheme: values, scrape_protocols: [PrometheusText1.0.0, PrometheusText0.0.4]",
                ranges(&[
                    "text/plain;version=1.0.0;escaping=values;q=0.6",
                    "text/plain;version=0.0.4;q=0.5",
                    "*/*;q=0.4",
                ]),
                text("values"),
            ),
            (
                "Prometheus 3.5, scrape_protocols: [PrometheusText0.0.4, PrometheusText1.0.0]",
                ranges(&[
                    "text/plain;version=0.0.4;q=0.6",
                    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5",
                    "*/*;q=0.4",
                ]),
                TEXT.to_owned(),
            ),
            (
                "Prometheus 3.5, scrape_protocols: [OpenMetricsText0.0.1]",
                ranges(&[
                    "application/openmetrics-text;version=0.0.1;q=0.6",
                    "*/*;q=0.5",
                ]),
                TEXT.to_owned(),
            ),
            // VictoriaMetrics, `lib/promscrape/client.go`.
            (
                "vmagent",
                ranges(&["text/plain;version=0.0.4;q=1", "*/*;q=0.1"]),
                TEXT.to_owned(),
            ),
            // Telegraf, `plugins/inputs/prometheus/prometheus.go`, `acceptHeader`.
            (
                "Telegraf",
                ranges(&[
                    &format!("{PROTOBUF};q=0.7"),
                    "text/plain;version=0.0.4;q=0.3",
                ]),
                TEXT.to_owned(),
            ),
            ("curl", ranges(&["*/*"]), TEXT.to_owned()),
        ] {
            let without = expected.split("; escaping=").next().unwrap();
            let without = without.replace("text/plain; version=1.0.0", "text/plain; version=0.0.4");
            assert_eq!(negotiated(&accept), [without, expected], "{scraper}");
        }
    }

    /// What the same scrapers get from a recorder that has the protobuf format.
    #[test]
    fn scrapers_that_prefer_protobuf_get_it() {
        const FORMATS: [Format; 3] = [Format::Protobuf, Format::OpenMetrics, Format::Text];
        const RANGE: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
        let others = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        for (accept, expected) in [
            // Prometheus 2.42 and 3.5 with native histograms, and Telegraf.
            (
                format!("{RANGE},text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
                [PROTOBUF.to_owned(), PROTOBUF.to_owned()],
            ),
            (
                format!("{RANGE};q=0.6,{others}"),
                [PROTOBUF.to_owned(), PROTOBUF.to_owned()],
            ),
            (
                format!("{RANGE};q=0.7,text/plain;version=0.0.4;q=0.3"),
                [PROTOBUF.to_owned(), PROTOBUF.to_owned()],
            ),
            (
                format!("{RANGE};escaping=allow-utf-8;q=0.6,{others}"),
                [
                    PROTOBUF.to_owned(),
                    format!("{PROTOBUF}; escaping=allow-utf-8"),
                ],
            ),
            // Other messages and encodings.
            (
                RANGE.replace("MetricFamily", "Other"),
                [TEXT.to_owned(), TEXT.to_owned()],
            ),
            (
                RANGE.replace("delimited", "text"),
                [TEXT.to_owned(), TEXT.to_owned()],
            ),
            // Without a wish for it.
            (
                others.to_owned(),
                [OPEN.to_owned(), format!("{OPEN}; escaping=allow-utf-8")],
            ),
            ("*/*".to_owned(), [TEXT.to_owned(), TEXT.to_owned()]),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            let negotiated = [false, true].map(|has_utf8_names| {
                let exposition = Exposition::negotiated(&headers, &FORMATS, has_utf8_names);
                exposition.map_or(JSON, Exposition::content_type).to_owned()
            });
            assert_eq!(negotiated, expected, "{accept}");
        }
    }

    #[test]
    fn weights_wildcards_and_unknown_values_are_understood() {
        for (accept, expected) in [
            ("", TEXT),
            ("*/*;escaping=allow-utf-8", TEXT),
            ("text/*;version=1.0.0;escaping=allow-utf-8", TEXT),
            ("text/plain;escaping=allow-utf-8", TEXT),
            ("text/plain;version=0.0.4;escaping=allow-utf-8", TEXT),
            ("text/plain;version=1.0.0", TEXT),
            ("text/plain;version=2.0.0;escaping=allow-utf-8", TEXT),
            ("text/plain;version=1.0.0;escaping=tildes", TEXT),
            ("application/openmetrics-text", OPEN),
            ("application/openmetrics-text;escaping=tildes", OPEN),
            (
                "application/openmetrics-text;version=2.0.0;escaping=dots",
                TEXT,
            ),
            ("application/json;escaping=dots", JSON),
            (
                "application/json, text/plain;version=1.0.0;escaping=dots;q=0.9",
                JSON,
            ),
            (
                "application/openmetrics-text;escaping=dots;q=0, text/plain",
                TEXT,
            ),
            (
                "application/openmetrics-text; version=\"1.0.0\"; Escaping=\"values\"",
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=values",
            ),
            (
                "text/plain;version=0.0.4;q=0.1 , TEXT/plain ; version=1.0.0 ; escaping=values ; q=0.2",
                "text/plain; version=1.0.0; charset=utf-8; escaping=values",
            ),
        ] {
            assert_eq!(negotiated(accept)[1], expected, "{accept}");
        }
    }
}
