//! The resource: the service that spans come from.

use std::env;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;

const SERVICE_NAME: &str = "service.name";

/// The service that spans come from. A service without a name has that of its program.
pub(super) fn resource(service_name: Option<&str>, attributes: &[(String, String)]) -> Resource {
    let is_named = attributes.iter().any(|(name, _)| name == SERVICE_NAME);
    let name = match service_name {
        Some(name) => Some(name.to_owned()),
        None if is_named => None,
        None => Some(unknown_service()),
    };
    let attributes = attributes.iter();
    let attributes = attributes.map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    // The last value of a name wins.
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(attributes.chain(name.map(|name| KeyValue::new(SERVICE_NAME, name))))
        .build()
}

fn unknown_service() -> String {
    let program = env::current_exe().ok();
    let program = program.as_ref().and_then(|program| program.file_name());
    match program {
        Some(program) => format!("unknown_service:{}", program.to_string_lossy()),
        None => "unknown_service".to_owned(),
    }
}
