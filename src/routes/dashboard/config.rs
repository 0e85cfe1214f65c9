//! `config.json`: the paths, columns and names of this service.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::columns::{ENDPOINTS, FAMILIES};
use super::site::Site;
use crate::routes::mounted::Mounted;

/// Finds the names of the metrics of requests, which takes a look at all families until there are some.
pub(super) fn config(site: &Site, mounted: &Mounted) -> Value {
    if let Some(reader) = &site.reader
        && !site.names.is_found()
    {
        site.names.find(reader);
    }
    let names = site.names.current();
    let reader = site.reader.as_ref();
    let prefix = reader.map(|reader| reader.prefixed(""));
    let native = reader.map(|reader| reader.native_families());
    // A convention without such a counter counts requests by their durations.
    let requests = names.requests.clone();
    let requests = requests.unwrap_or_else(|| [&*names.duration, "_count"].concat());
    let paths: BTreeMap<_, _> = mounted
        .routes
        .iter()
        .map(|route| (route.default_path, &route.path))
        .collect();
    let history = site.reader.as_ref().and_then(|reader| reader.history());
    let history = history.map(|history| {
        let stats = history.stats();
        json!({
            "interval": stats.interval.as_secs_f64(),
            "window": stats.window.as_secs_f64(),
        })
    });
    let has = |path: &str| paths.contains_key(path);
    json!({
        "paths": paths,
        "has": {
            "metrics": site.reader.is_some(),
            "history": history.is_some(),
            "health": mounted.health.is_some(),
            "jobs": has("/jobs"),
            "alerts": has("/alerts"),
            "logs": has("/dashboard/logs"),
        },
        "columns": { "endpoints": ENDPOINTS, "families": FAMILIES },
        "history": history,
        "prefix": prefix.unwrap_or_default(),
        "native": native.unwrap_or_default(),
        "names": known(&[
            ("requests", Some(&requests)),
            ("duration", Some(&names.duration)),
            ("in_flight", names.in_flight.as_ref()),
        ]),
        "labels": known(&[
            ("method", names.method.as_ref()),
            ("endpoint", Some(&names.endpoint)),
            ("status", Some(&names.status)),
            ("error_type", names.error_type.as_ref()),
        ]),
    })
}

/// The names that the convention has.
fn known(names: &[(&str, Option<&String>)]) -> BTreeMap<String, String> {
    let known = names
        .iter()
        .filter_map(|(own, name)| Some(((*own).to_owned(), (*name)?.clone())));
    known.collect()
}
