//! `/debug/pprof/heap`: the heap profile of the service's allocator.

use std::error::Error;
use std::sync::Arc;

use axum::response::Response;
use http::{Method as HttpMethod, StatusCode};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::access::Access;
use super::answer::Answer;
use super::download::download;
use super::operation::Operation;
use super::rejection::{Rejection, or_reject};
use super::request::RouteRequest;
use super::routes::Routes;
use crate::redact::redact_line;

pub(super) const HEAP_PATH: &str = "/debug/pprof/heap";

const HEAP: Operation = Operation {
    description: "A profile in pprof's format, as gzip, for `go tool pprof`, Pyroscope and Parca.",
    ..Operation::new(
        "Debugging",
        "Heap profile",
        &[
            Answer::new(200, "The profile.", &[("application/octet-stream", "")]),
            Answer::problem(400, "The route has no parameters."),
            Answer::problem(
                403,
                "There is no profile, or the guard refuses the request. `detail` says why.",
            ),
            Answer::problem(409, "Another profile is being taken."),
        ],
    )
};

const DISPOSITION: &str = "attachment; filename=\"heap\"";
const INSTRUCTIONS: &str = "A service has heap profiles if it runs jemalloc with profiling (feature profiling of tikv-jemallocator, and \
                            MALLOC_CONF=prof:true,prof_active:true,lg_prof_sample:19 in the environment) and passes jemalloc_pprof's dump to Routes::heap_profile.";

/// The longest part of an error that is shown.
const MAX_ERROR: usize = 512;

type Dump = Arc<dyn Fn() -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> + Send + Sync>;

impl Routes {
    /// Adds `/debug/pprof/heap` (guarded), which responds with the heap profile that the function returns, for
    /// `go tool pprof`, Pyroscope and Parca.
    ///
    /// The function runs on a thread for blocking work, once at a time: a second request meanwhile gets 409. If it fails, the
    /// response is a 403 with its error and with how to set up jemalloc.
    ///
    /// With the crates `tikv-jemallocator` (feature `profiling`) and `jemalloc_pprof`:
    ///
    /// ```ignore
    /// #[global_allocator]
    /// static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
    ///
    /// // In the environment: MALLOC_CONF=prof:true,prof_active:true,lg_prof_sample:19
    /// let routes = Routes::new().guard(guard).heap_profile(|| {
    ///     let control = jemalloc_pprof::PROF_CTL.as_ref().ok_or("jemalloc was started without prof:true")?;
    ///     Ok(control.blocking_lock().dump_pprof()?)
    /// });
    /// ```
    pub fn heap_profile(
        self,
        dump: impl Fn() -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        let dump: Dump = Arc::new(dump);
        let turn = Arc::new(Semaphore::new(1));
        self.add(HEAP_PATH, &HEAP, Access::Guarded, move |request| {
            or_reject(handle(dump.clone(), turn.clone(), request))
        })
    }
}

async fn handle(
    dump: Dump,
    turn: Arc<Semaphore>,
    request: RouteRequest,
) -> Result<Response, Rejection> {
    if request
        .parts
        .uri
        .query()
        .is_some_and(|query| !query.is_empty())
    {
        return Err(Rejection::new(
            StatusCode::BAD_REQUEST,
            "This route has no parameters: it shows the heap as it is.",
        ));
    }
    if request.parts.method == HttpMethod::HEAD {
        return Ok(download(DISPOSITION, Vec::new()));
    }
    let Ok(turn) = turn.try_acquire_owned() else {
        return Err(Rejection::new(
            StatusCode::CONFLICT,
            "Another heap profile is being taken.",
        ));
    };
    let dumped = spawn_blocking(move || {
        let dumped = dump();
        drop(turn);
        dumped
    });
    match dumped.await {
        Ok(Ok(profile)) => Ok(download(DISPOSITION, profile)),
        Ok(Err(error)) => {
            let error = redact_line(&error.to_string(), MAX_ERROR);
            let detail = format!("There is no heap profile: {error}. {INSTRUCTIONS}");
            Err(Rejection::new(StatusCode::FORBIDDEN, &detail))
        }
        Err(_) => Err(Rejection::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The service's function for heap profiles panicked.",
        )),
    }
}
