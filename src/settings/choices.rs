//! Settings that are one of a list.

use std::fmt;

macro_rules! choices {
    ($(#[$meta:meta])* $Choice:ident { $($(#[$variant_meta:meta])* $Variant:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $Choice {
            $($(#[$variant_meta])* $Variant,)*
        }

        impl $Choice {
            const ALL: &[Self] = &[$(Self::$Variant,)*];

            /// As the variable has it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $name,)*
                }
            }
        }

        impl fmt::Display for $Choice {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

choices! {
    /// The least severe that is logged: `trace`, `debug`, `info`, `warn` (or `warning`), `error`, or `off` for nothing.
    LogLevel {
        /// Everything.
        Trace = "trace",
        /// What helps to find a mistake, and worse.
        Debug = "debug",
        /// What happens, and worse.
        Info = "info",
        /// What somebody should look at, and worse.
        Warn = "warn",
        /// What failed.
        Error = "error",
        /// Nothing.
        Off = "off",
    }
}

impl LogLevel {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("warning") {
            return Ok(Self::Warn);
        }
        one_of(Self::ALL, Self::as_str, text)
    }
}

choices! {
    /// How traces are sent (OpenTelemetry's specification, "OTLP Exporter Configuration").
    #[non_exhaustive]
    OtlpProtocol {
        /// gRPC.
        Grpc = "grpc",
        /// Protobuf over HTTP.
        HttpProtobuf = "http/protobuf",
        /// JSON over HTTP.
        HttpJson = "http/json",
    }
}

impl OtlpProtocol {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        one_of(Self::ALL, Self::as_str, text)
    }
}

choices! {
    /// Which traces are kept (OpenTelemetry's specification, "General SDK Configuration").
    #[non_exhaustive]
    Sampler {
        /// All.
        AlwaysOn = "always_on",
        /// None.
        AlwaysOff = "always_off",
        /// A share of them: `OTEL_TRACES_SAMPLER_ARG`.
        TraceIdRatio = "traceidratio",
        /// As the caller decided, and all that begin here.
        ParentBasedAlwaysOn = "parentbased_always_on",
        /// As the caller decided, and none that begin here.
        ParentBasedAlwaysOff = "parentbased_always_off",
        /// As the caller decided, and a share of those that begin here: `OTEL_TRACES_SAMPLER_ARG`.
        ParentBasedTraceIdRatio = "parentbased_traceidratio",
        /// As the caller decided, and as Jaeger says for those that begin here.
        ParentBasedJaegerRemote = "parentbased_jaeger_remote",
        /// As Jaeger says.
        JaegerRemote = "jaeger_remote",
        /// As AWS X-Ray says.
        Xray = "xray",
    }
}

impl Sampler {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        one_of(Self::ALL, Self::as_str, text)
    }

    /// Whether its argument is a share of all traces.
    pub(super) fn is_by_ratio(self) -> bool {
        matches!(self, Self::TraceIdRatio | Self::ParentBasedTraceIdRatio)
    }
}

fn one_of<T: Copy>(all: &[T], name: fn(T) -> &'static str, text: &str) -> Result<T, String> {
    let is = |one: &&T| name(**one).eq_ignore_ascii_case(text);
    all.iter().find(is).copied().ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|one| name(*one)).collect();
        format!("one of {}", names.join(", "))
    })
}
