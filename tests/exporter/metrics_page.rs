//! `docs/metrics.md` is the catalogue as a page. `UPDATE_DOCS=1 cargo test --test exporter metrics_page` writes it anew.

use std::fmt::Write;

use metrics::Unit;
use tower_vitals::catalog::{FAMILIES, Family, Values};

const HEAD: &str = "# Metrics

Every metric of the crate, from `tower_vitals::catalog`. A prefix and another naming change the names; labels that a scrape adds are not listed.
Labels with brackets are bounded by the catalogue to the values or the number shown. A strict OpenMetrics parser rejects metrics of your own that are not
registered and whose names collide, such as a counter `orders_total` and a gauge `orders`.

| metric | kind | unit | labels | meaning |
|---|---|---|---|---|
";

fn labels(family: &Family) -> String {
    let label = |label: &&str| {
        let bound = family.values.iter().find(|(name, _)| name == label);
        match bound.map(|(_, values)| values) {
            Some(Values::Closed(values)) => format!("`{label}` ({})", values.join(", ")),
            Some(Values::AtMost(most)) => format!("`{label}` (at most {most})"),
            _ => format!("`{label}`"),
        }
    };
    family
        .labels
        .iter()
        .map(label)
        .collect::<Vec<_>>()
        .join(", ")
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for family in FAMILIES {
        let unit = match family.unit {
            Unit::Count => "",
            unit => unit.as_str(),
        };
        let kind = family.kind.as_str();
        writeln!(
            page,
            "| `{}` | {kind} | {unit} | {} | {} |",
            family.name,
            labels(family),
            family.help
        )
        .unwrap();
    }
    page
}

#[test]
fn the_page_lists_the_catalogue() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(file, &page).unwrap();
    }
    let written = std::fs::read_to_string(file).unwrap();
    assert_eq!(
        written, page,
        "run it with UPDATE_DOCS=1 to write the page anew"
    );
}
