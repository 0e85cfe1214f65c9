//! `docs/prometheus.md` names tests and scripts that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The texts in backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

#[test]
fn each_row_names_a_test_or_script_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/prometheus.md")).unwrap();
    let mut scripts = BTreeSet::new();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    // The table of scrapers has four columns, and one test.
    for row in rows.filter(|row| row.matches(" | ").count() == 4) {
        let shown_by = row.rsplit(" | ").next().unwrap();
        if shown_by == "shown by |" {
            continue;
        }
        assert!(shown_by.contains('`'), "{row}");
        let mut test = String::new();
        for name in quoted(shown_by) {
            let extension = Path::new(name).extension().and_then(|end| end.to_str());
            if extension == Some("sh") {
                assert!(root.join("findings").join(name).exists(), "{name}");
                scripts.insert(name.to_owned());
            } else if extension == Some("rs") {
                test = fs::read_to_string(root.join(name)).unwrap();
            } else {
                assert!(test.contains(&format!("fn {name}(")), "{name}");
            }
        }
    }
    for script in fs::read_dir(root.join("findings")).unwrap() {
        let name = script.unwrap().file_name().into_string().unwrap();
        if name.starts_with("prometheus-") || name.starts_with("pushgateway-") {
            assert!(scripts.contains(&name), "{name} is in no row");
        }
    }
}
