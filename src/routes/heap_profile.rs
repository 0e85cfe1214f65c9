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
use super::method::Method;
use super::operation::Operation;
use super::problem::problem;
use super::rejection::{Rejection, or_reject};
use super::request::RouteRequest;
use super::route::Route;
use super::routes::Routes;
use crate::redact::redact_line;

const PATH: &str = "/debug/pprof/heap";

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

/// Of a service without heap profiles.
const NO_HEAP: Operation = Operation::new(
    "Debugging",
    "How to get heap profiles",
    &[Answer::problem(403, "The service has no heap profiles.")],
);

const DISPOSITION: &str = "attachment; filename=\"heap\"";
const INSTRUCTIONS: &str = "A service has heap profiles if it runs jemalloc with profiling (features profiling and \
                            unprefixed_malloc_on_supported_platforms of tikv-jemallocator, and \
                            MALLOC_CONF=prof:true,prof_active:true,lg_prof_sample:19 in the environment) \
                            and passes jemalloc_pprof's dump to Routes::heap_profile.";

/// The longest part of an error that is shown.
const MAX_ERROR: usize = 512;

type Dump = Arc<dyn Fn() -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> + Send + Sync>;

impl Routes {
    /// Adds `/debug/pprof/heap` (guarded), which responds with the heap profile that the function returns, for
    /// `go tool pprof`, Pyroscope and Parca.
    ///
    /// The function runs on a thread for blocking work, once at a time: a second request meanwhile gets 409. If it fails, the
    /// response is a 403 with its error and with how to set up jemalloc. `/debug/pprof/`, which lists the profiles, is added as
    /// well.
    ///
    /// With `jemalloc_pprof`, as [`routes`](crate::routes#heap-profiles) says in full:
    ///
    /// ```ignore
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
        self.pprof_index()
            .add(PATH, &HEAP, Access::Guarded, move |request| {
                or_reject(handle(dump.clone(), turn.clone(), request))
            })
    }
}

impl Routes {
    /// Adds a route that says how to get heap profiles, unless there are some.
    #[cfg_attr(
        not(feature = "profile"),
        expect(dead_code, reason = "only CPU profiles bring it")
    )]
    pub(super) fn explain_heap_profiles(mut self) -> Self {
        if self.find(PATH).is_none() {
            let explain = async |_| {
                let detail = format!("This service has no heap profiles. {INSTRUCTIONS}");
                problem(StatusCode::FORBIDDEN, &detail)
            };
            self.added.push(Route {
                gives_way: true,
                ..Route::new(Method::Get, PATH, &NO_HEAP, Access::Guarded, explain)
            });
        }
        self
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
