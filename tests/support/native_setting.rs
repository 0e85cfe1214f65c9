//! How a Prometheus of each version is told to scrape native histograms.

use std::path::Path;
use std::process::Command;

/// The feature that turns it on up to version 3.7.
const FEATURE: &str = "native-histograms";

/// The setting of a job from version 3.8 on. Earlier versions refuse a configuration that has it, and later ones ignore the
/// feature.
const SETTING: &str = "scrape_native_histograms: true";

/// The features to enable, and the settings that each job needs besides its own.
pub fn features_and_setting<'a>(
    version: (u32, u32),
    features: &[&'a str],
) -> (Vec<&'a str>, &'static str) {
    let has_setting = version >= (3, 8);
    let is_left = |feature: &&&str| !has_setting || **feature != FEATURE;
    let left = features.iter().filter(is_left).copied().collect();
    let is_on = has_setting && features.contains(&FEATURE);
    (left, if is_on { SETTING } else { "" })
}

/// Major and minor version, as `prometheus --version` prints it.
pub fn version_of(prometheus: &Path) -> (u32, u32) {
    let output = Command::new(prometheus).arg("--version").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    parse(&text).unwrap_or_else(|| panic!("no version: {text}"))
}

pub fn parse(text: &str) -> Option<(u32, u32)> {
    let (_, version) = text.split_once("version ")?;
    let mut numbers = version.split('.');
    let mut number = || numbers.next()?.parse().ok();
    Some((number()?, number()?))
}
