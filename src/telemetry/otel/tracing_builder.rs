//! `TracingBuilder`: the settings of traces.

use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderMap;
use opentelemetry::global;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::counters::Counters;
use super::endpoint::Endpoint;
use super::excluded::Excluded;
use super::exporter::Exporter;
use super::otlp::Otlp;
use super::processor::QueueProcessor;
use super::protocol::Protocol;
use super::resource::resource;
use super::running::Running;
use super::sampler::RequestSampler;
use super::sampling::{Sampling, Share};
use super::span_queue::SpanQueue;
use super::targets::Targets;
use super::trace_id_generator::TraceIdGenerator;
use super::tracing::Tracing;
use super::values;
use crate::error::{Error, ErrorKind};
use crate::recorder::RecorderRef;

/// Builds [`Tracing`].
#[derive(Clone)]
#[must_use]
pub struct TracingBuilder {
    pub(super) is_disabled: bool,
    pub(super) exports: bool,
    pub(super) protocol: Protocol,
    pub(super) endpoint: Option<Endpoint>,
    pub(super) headers: HeaderMap,
    pub(super) certificate: Option<Vec<u8>>,
    pub(super) timeout: Duration,
    pub(super) export_timeout: Duration,
    pub(super) delay: Duration,
    pub(super) max_queue: usize,
    pub(super) max_batch: usize,
    pub(super) sampling: Sampling,
    pub(super) service_name: Option<String>,
    pub(super) attributes: Vec<(String, String)>,
    excluded: Excluded,
    targets: Targets,
    recorder: RecorderRef,
    mistakes: Vec<String>,
}

impl Tracing {
    /// Returns a builder with the defaults of OpenTelemetry. It does not read the environment.
    pub fn builder() -> TracingBuilder {
        TracingBuilder {
            is_disabled: false,
            exports: true,
            protocol: Protocol::HttpProtobuf,
            endpoint: None,
            headers: HeaderMap::new(),
            certificate: None,
            timeout: Duration::from_secs(10),
            export_timeout: Duration::from_secs(30),
            delay: Duration::from_secs(5),
            max_queue: 2048,
            max_batch: 512,
            sampling: Sampling::DEFAULT,
            service_name: None,
            attributes: Vec::new(),
            excluded: Excluded::default(),
            targets: Targets::default(),
            recorder: RecorderRef::default(),
            mistakes: Vec::new(),
        }
    }
}

impl TracingBuilder {
    /// Creates no spans, as `OTEL_SDK_DISABLED=true` does. Defaults to false.
    pub fn disabled(mut self, is_disabled: bool) -> Self {
        self.is_disabled = is_disabled;
        self
    }

    /// Creates spans and exports none, as `OTEL_TRACES_EXPORTER=none` does: ids reach logs, exemplars and the headers of requests.
    pub fn without_export(mut self) -> Self {
        self.exports = false;
        self
    }

    /// Sets the transport. Defaults to [`Protocol::HttpProtobuf`].
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Sets the URL of the collector, to which HTTP appends `/v1/traces`. Its credentials become an `Authorization` header. Defaults to
    /// `http://localhost:4318`, for gRPC to `http://localhost:4317`.
    pub fn endpoint(mut self, url: &str) -> Self {
        match Endpoint::parse(url) {
            Ok(endpoint) => self.endpoint = Some(endpoint),
            Err(problem) => {
                let shown = crate::http_url::without_secrets(url);
                self.mistakes.push(format!(
                    "the URL {shown:?} of the collector is invalid ({problem}): http[s]://host[:port][/path] is allowed"
                ));
            }
        }
        self
    }

    /// Adds a header of the export's requests. The value is a secret: no log and no error shows it.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match values::header(name, value) {
            Some((name, value)) => {
                self.headers.insert(name, value);
            }
            None => self.mistakes.push(format!(
                "the header {:?} of the collector is invalid: a name and a value of visible ASCII characters are allowed",
                crate::redact::redact_line(name, 100)
            )),
        }
        self
    }

    /// Trusts these root certificates, in PEM, in place of those of the system.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificate = Some(pem.into());
        self
    }

    /// Sets the timeout of one attempt. Defaults to 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the time of all attempts for one batch together, after which its spans are dropped. Defaults to 30 s.
    pub fn export_timeout(mut self, timeout: Duration) -> Self {
        self.export_timeout = timeout;
        self
    }

    /// Sets the time that a span waits for others, at most. Defaults to 5 s.
    pub fn batch_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets the most spans that wait for their export. Further spans are dropped and counted, and so are those beyond 32 MiB.
    /// Defaults to 2048.
    pub fn max_queue(mut self, spans: usize) -> Self {
        self.max_queue = spans;
        self
    }

    /// Sets the most spans of one request. Defaults to 512. A request has about 2 MiB at most, whatever their number.
    pub fn max_batch(mut self, spans: usize) -> Self {
        self.max_batch = spans;
        self
    }

    /// Samples this share of the traces that begin here, from 0 to 1. For other traces the caller decides. Defaults to 1.
    pub fn sample_ratio(mut self, ratio: f64) -> Self {
        if (0.0..=1.0).contains(&ratio) {
            self.sampling.share = Share::Ratio(ratio);
        } else {
            self.mistakes.push(format!(
                "the sampled share {ratio} is invalid: a number from 0 to 1 is allowed"
            ));
        }
        self
    }

    /// Sets the name of the service, `service.name`. Defaults to `unknown_service:` and the name of the program.
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = Some(name.into());
        self
    }

    /// Adds an attribute of the service, such as `service.version`. The last value of a name wins.
    pub fn resource_attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// Adds an attribute of the service, unless there is one of this name.
    #[cfg(feature = "axum")]
    pub(crate) fn default_attribute(mut self, name: &str, value: &str) -> Self {
        if self.attributes.iter().all(|(known, _)| known != name) {
            self.attributes.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Samples no requests received with this path or one below it, and nothing inside them. The default paths of probes and scrapes are
    /// excluded already.
    pub fn exclude_path(mut self, path: &str) -> Self {
        self.excluded.add(path);
        self
    }

    /// Samples probes and scrapes, too. Paths that were excluded before are no longer. `ServerSpanLayer` excludes some of its own: see
    /// [`exclude_none`](crate::ServerSpanLayer::exclude_none).
    pub fn exclude_no_paths(mut self) -> Self {
        self.excluded.clear();
        self
    }

    /// Leaves out spans and events of this target and of those below it. The crates that the exporter uses are left out already: `h2`,
    /// `hyper`, `tonic`, `tower`, `reqwest`.
    pub fn exclude_target(mut self, target: &str) -> Self {
        self.targets.cut(target);
        self
    }

    /// Sets the most verbose level of spans and events that are recorded. Defaults to `INFO`.
    pub fn level(mut self, level: LevelFilter) -> Self {
        self.targets.level = level;
        self
    }

    recorder_setter!(recorder);

    /// Starts the exporter, in a thread of its own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if a value is invalid: the message names every mistake. [`ErrorKind::Io`] if the thread
    /// cannot be started.
    pub fn run(self) -> Result<Tracing, Error> {
        let mut mistakes = self.mistakes.clone();
        if self.max_batch == 0 || self.max_batch > self.max_queue {
            mistakes.push(format!(
                "a batch of {} spans and a queue of {} are invalid: 1 span to the whole queue is allowed in a batch",
                self.max_batch, self.max_queue
            ));
        }
        Error::combine(mistakes.into_iter().map(Error::invalid))?;
        if self.is_disabled {
            return Ok(Tracing::new(None, None, self.targets));
        }
        let resource = resource(self.service_name.as_deref(), &self.attributes);
        let running = if self.exports {
            let counters = Counters::new(&self.recorder);
            let queue = SpanQueue::new(self.max_queue, self.max_batch, counters);
            let otlp = self.otlp()?;
            let exporter = || Exporter::new(otlp, &resource);
            Some(Arc::new(Running::start(queue, self.delay, exporter)?))
        } else {
            None
        };
        let sampler = RequestSampler {
            sampler: self.sampling.sampler(),
            excluded: self.excluded,
        };
        let provider = SdkTracerProvider::builder()
            .with_span_processor(QueueProcessor(running.clone()))
            .with_id_generator(TraceIdGenerator::default())
            .with_sampler(sampler.clone())
            .with_resource(resource)
            .build();
        let traces = (provider, sampler);
        Ok(Tracing::new(running, Some(traces), self.targets))
    }

    fn otlp(&self) -> Result<Otlp, Error> {
        let invalid = |problem: &dyn std::fmt::Display| {
            Error::invalid(format!("the URL of the collector is invalid ({problem})"))
        };
        let endpoint = match &self.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => Endpoint::local(self.protocol).map_err(|problem| invalid(&problem))?,
        };
        let mut headers = self.headers.clone();
        endpoint.authorize(&mut headers);
        Ok(Otlp {
            protocol: self.protocol,
            uri: endpoint
                .uri(self.protocol)
                .map_err(|problem| invalid(&problem))?,
            headers,
            certificate: self.certificate.clone(),
            timeout: self.timeout,
            export_timeout: self.export_timeout,
        })
    }

    /// Starts the exporter, and installs a subscriber that has nothing but the layer. A service with logs adds
    /// [`Tracing::layer`] to its own subscriber.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and [`ErrorKind::AlreadyInstalled`] if the process has a subscriber.
    pub fn init(self) -> Result<Tracing, Error> {
        let tracing = self.run()?;
        let subscriber = tracing_subscriber::registry().with(tracing.layer());
        subscriber.try_init().map_err(|error| {
            let message =
                "the process has a subscriber of tracing already: add Tracing::layer to it";
            Error::new(ErrorKind::AlreadyInstalled, message).with_source(error)
        })?;
        if let Some(provider) = tracing.provider() {
            global::set_tracer_provider(provider.clone());
        }
        Ok(tracing)
    }
}

debug_fields!(TracingBuilder {
    service_name,
    endpoint,
    protocol
});
