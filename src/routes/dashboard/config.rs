//! `config.json`: what the page must know of this service.

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
        "version": env!("CARGO_PKG_VERSION"),
        "service": null,
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
        "names": {
            "requests": names.requests,
            "duration": names.duration,
            "in_flight": names.in_flight,
        },
        "labels": {
            "method": names.method,
            "endpoint": names.endpoint,
            "status": names.status,
            "error_type": names.error_type,
        },
    })
}
