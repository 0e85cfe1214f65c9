//! `/debug/pprof/profile`: CPU profiles of the process.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{
    CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, StatusCode};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::cpu_profile::CpuProfile;
use super::flame_graph::flame_graph;
use super::pprof::encode;
use super::profile_error::ProfileError;
use super::profiler::record;
use crate::routes::access::Access;
use crate::routes::answer::Answer;
use crate::routes::download::download;
use crate::routes::gzip;
use crate::routes::operation::Operation;
use crate::routes::parameter::Parameter;
use crate::routes::query::{parameters, unknown};
use crate::routes::rejection::{Rejection, or_reject};
use crate::routes::request::RouteRequest;
use crate::routes::routes::Routes;

const PATH: &str = "/debug/pprof/profile";

const PROFILE: Operation = Operation {
    description: "A gzipped file for `go tool pprof`, Pyroscope and Parca, or a flame graph.",
    query: &[
        Parameter {
            name: "seconds",
            description: "How long to record.",
            schema: r#"{"type": "number", "exclusiveMinimum": 0, "maximum": 60, "default": 30}"#,
        },
        Parameter {
            name: "format",
            description: "The format of the profile.",
            schema: r#"{"enum": ["pprof", "svg"], "default": "pprof"}"#,
        },
    ],
    ..Operation::new(
        "Debugging",
        "CPU profile",
        &[
            Answer::new(
                200,
                "The profile.",
                &[("application/octet-stream", ""), ("image/svg+xml", "")],
            ),
            Answer::problem(400, "A parameter is wrong."),
            Answer::problem(409, "Another profile is being taken."),
            Answer::problem(501, "This platform has no CPU profiles."),
            Answer::problem(503, "The profile cannot be taken."),
        ],
    )
};

const DEFAULT_SECONDS: f64 = 30.0;
const MAX_SECONDS: f64 = 60.0;

impl Routes {
    /// Adds `/debug/pprof/profile` (guarded), which records for some time and responds with a CPU profile of the process, like
    /// Go's `net/http/pprof`. On Linux, on `x86_64` and `aarch64`; elsewhere it responds with 501.
    ///
    /// | parameter | allowed | default |
    /// |---|---|---|
    /// | `seconds` | more than 0 and at most 60 | 30 |
    /// | `format` | `pprof`: a gzipped file for `go tool pprof`, Pyroscope and Parca; `svg`: a flame graph for a browser | `pprof` |
    ///
    /// Everything else is a 400. `/debug/pprof/`, which lists the profiles, and `/debug/pprof/heap` are added as well: until
    /// [`heap_profile`](Self::heap_profile) has a function for it, it responds with 403 and says how to set it up. One profile is taken at a time: a second request meanwhile gets 409. If the client
    /// disconnects, the profile ends.
    ///
    /// ```
    /// use tower_vitals::{Routes, routes::Guard};
    ///
    /// // curl -H 'Authorization: Bearer s3cret' 'localhost:3000/debug/pprof/profile?seconds=10' -o cpu.pb.gz
    /// // go tool pprof -http : cpu.pb.gz
    /// let routes = Routes::new().profile().guard(Guard::bearer("s3cret"));
    /// ```
    ///
    /// # Build the service so that profiles are readable
    ///
    /// ```toml
    /// [profile.release]
    /// debug = "line-tables-only" # names inlined functions and lines
    /// strip = "none"
    /// ```
    ///
    /// Frame pointers are not needed. Without debug information a profile still names functions, but not inlined ones. A
    /// stripped executable has no names.
    ///
    /// # Cost
    ///
    /// The process is interrupted 99 times for each second of CPU time that it uses, while a profile is taken.
    /// [`routes`](crate::routes#how-samples-are-taken) has the details, and the limits.
    pub fn profile(self) -> Self {
        let turn = Arc::new(Semaphore::new(1));
        self.pprof_index().explain_heap_profiles().add(
            PATH,
            &PROFILE,
            Access::Guarded,
            move |request| or_reject(handle(turn.clone(), request)),
        )
    }
}

async fn handle(turn: Arc<Semaphore>, request: RouteRequest) -> Result<Response, Rejection> {
    let query = request.parts.uri.query().unwrap_or_default();
    let params =
        Params::parse(query).map_err(|detail| Rejection::new(StatusCode::BAD_REQUEST, &detail))?;
    if request.parts.method == Method::HEAD {
        return Ok(params.format.response(Vec::new()));
    }
    let Ok(turn) = turn.try_acquire_owned() else {
        return Err(ProfileError::InUse.into());
    };
    // Dropped with this future, if the client is gone.
    let (keep_on, stop) = mpsc::channel();
    let profiled = spawn_blocking(move || {
        let profile = record(params.duration, &stop);
        let file = profile.and_then(|profile| params.format.render(&profile));
        drop(turn);
        file
    });
    let profiled = profiled.await;
    drop(keep_on);
    let file = profiled.unwrap_or_else(|_| Err(ProfileError::Failed("it panicked".to_owned())))?;
    Ok(params.format.response(file))
}

struct Params {
    duration: Duration,
    format: Format,
}

#[derive(Clone, Copy)]
enum Format {
    Pprof,
    Svg,
}

impl Params {
    fn parse(query: &str) -> Result<Self, String> {
        let (mut seconds, mut format) = (None, None);
        for parameter in parameters(query) {
            let (name, value) = parameter?;
            let is_repeated = match &*name {
                "seconds" => seconds.replace(duration(&value)?).is_some(),
                "format" => format.replace(Format::parse(&value)?).is_some(),
                _ => return Err(unknown(&name, "seconds and format")),
            };
            if is_repeated {
                return Err(format!("Parameter {name} is repeated."));
            }
        }
        Ok(Self {
            duration: seconds.unwrap_or(Duration::from_secs_f64(DEFAULT_SECONDS)),
            format: format.unwrap_or(Format::Pprof),
        })
    }
}

fn duration(value: &str) -> Result<Duration, String> {
    let seconds = value.parse().ok();
    let seconds = seconds.filter(|seconds| *seconds > 0.0 && *seconds <= MAX_SECONDS);
    seconds.map(Duration::from_secs_f64).ok_or_else(|| {
        format!("Parameter seconds is {value:?}: a number above 0 and at most 60 is needed.")
    })
}

impl Format {
    fn parse(value: &str) -> Result<Self, String> {
        match value {
            "pprof" => Ok(Self::Pprof),
            "svg" => Ok(Self::Svg),
            _ => Err(format!(
                "Parameter format is {value:?}: pprof and svg are allowed."
            )),
        }
    }

    fn render(self, profile: &CpuProfile) -> Result<Vec<u8>, ProfileError> {
        match self {
            Self::Pprof => gzip::compress(&encode(profile))
                .map_err(|error| ProfileError::Failed(error.to_string())),
            Self::Svg => Ok(flame_graph(profile).into_bytes()),
        }
    }

    fn response(self, file: Vec<u8>) -> Response {
        if let Self::Pprof = self {
            return download("attachment; filename=\"profile\"", file);
        }
        let mut response = Response::new(Body::from(file));
        let headers = [
            (CONTENT_TYPE, "image/svg+xml"),
            (CONTENT_DISPOSITION, "inline; filename=\"profile.svg\""),
            (CONTENT_SECURITY_POLICY, "default-src 'none'"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        response
            .headers_mut()
            .extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
        response
    }
}
