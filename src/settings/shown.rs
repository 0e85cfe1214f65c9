//! Settings as they may be seen: serialized, and in `Debug`.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::Settings;
use super::reader::Source;
use crate::redact::{MASK, redact};

#[derive(serde::Serialize)]
struct Setting {
    value: Value,
    source: Source,
}

impl Settings {
    /// Each variable and its value, such that it would be read back as the same, secrets aside.
    fn values(&self) -> [(&'static str, Value); 26] {
        [
            ("MONITORING_HOST", text(self.monitoring_host)),
            ("MONITORING_PORT", self.monitoring_port.into()),
            ("MONITORING_TOKEN", secret(self.monitoring_token.as_ref())),
            ("LOG_LEVEL", text(self.log_level)),
            ("MONITORING_LOG_LEVEL", text(self.monitoring_log_level)),
            ("ENABLE_JSON_LOGGING", self.enable_json_logging.into()),
            ("HEALTH_CHECK_TIMEOUT", seconds(self.health_check_timeout)),
            (
                "METRICS_COLLECTION_INTERVAL",
                seconds(self.metrics_collection_interval),
            ),
            ("ALERT_WEBHOOK_URL", secret(self.alert_webhook_url.as_ref())),
            ("ALERT_COOLDOWN_MINUTES", self.alert_cooldown_minutes.into()),
            (
                "ALERT_MAX_NOTIFICATIONS_PER_HOUR",
                self.alert_max_notifications_per_hour.into(),
            ),
            ("ALERT_THRESHOLD_DISK", self.alert_threshold_disk.into()),
            ("ALERT_THRESHOLD_MEMORY", self.alert_threshold_memory.into()),
            (
                "ALERT_THRESHOLD_JOB_FAILURES",
                self.alert_threshold_job_failures.into(),
            ),
            ("TELEGRAM_TOKEN", secret(self.telegram_token.as_ref())),
            ("MANAGER_CHAT_ID", maybe(self.manager_chat_id.as_ref())),
            ("ENVIRONMENT", text(&self.environment)),
            ("OTEL_SDK_DISABLED", self.otel_sdk_disabled.into()),
            ("OTEL_SERVICE_NAME", maybe(self.otel_service_name.as_ref())),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                maybe(self.otel_resource_attributes.as_ref()),
            ),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                maybe(self.otel_exporter_otlp_endpoint.as_ref()),
            ),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                secret(self.otel_exporter_otlp_headers.as_ref()),
            ),
            (
                "OTEL_EXPORTER_OTLP_PROTOCOL",
                text(self.otel_exporter_otlp_protocol),
            ),
            (
                "OTEL_EXPORTER_OTLP_TIMEOUT",
                milliseconds(self.otel_exporter_otlp_timeout),
            ),
            ("OTEL_TRACES_SAMPLER", text(self.otel_traces_sampler)),
            (
                "OTEL_TRACES_SAMPLER_ARG",
                maybe(self.otel_traces_sampler_arg.as_ref()),
            ),
        ]
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = self.values();
        let mut map = serializer.serialize_map(Some(values.len()))?;
        for (name, value) in values {
            let source = self.sources.get(name).copied().unwrap_or(Source::Default);
            map.serialize_entry(name, &Setting { value, source })?;
        }
        map.end()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut settings = f.debug_struct("Settings");
        for (name, value) in self.values() {
            settings.field(name, &format_args!("{value}"));
        }
        settings.finish()
    }
}

fn text(value: impl fmt::Display) -> Value {
    redact(&value.to_string()).into()
}

fn maybe(value: Option<&String>) -> Value {
    value.map_or(Value::Null, text)
}

fn secret(value: Option<&SecretString>) -> Value {
    value.map_or(Value::Null, |_| MASK.into())
}

fn seconds(value: Duration) -> Value {
    value.as_secs_f64().into()
}

fn milliseconds(value: Duration) -> Value {
    // It was read from 32 bits; one that was put there and does not fit is as good as the largest.
    u64::try_from(value.as_millis()).unwrap_or(u64::MAX).into()
}
