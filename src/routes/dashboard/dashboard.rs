//! [`Routes::dashboard`]: the page, its data and its stream.

use std::future::Future;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use tokio::task::spawn_blocking;

use super::config::config;
use super::family_json::{families, family};
use super::feed::MAX_VIEWERS;
use super::history_json::history;
use super::operations;
use super::site::Site;
use crate::http_metrics::Naming;
use crate::routes::access::Access;
use crate::routes::monitoring::Monitoring;
use crate::routes::operation::Operation;
use crate::routes::problem::problem;
use crate::routes::rejection::{Rejection, or_reject};
use crate::routes::request::RouteRequest;
use crate::routes::respond;
use crate::routes::routes::Routes;
use crate::routes::stopping::Stopping;

impl Routes {
    /// Adds the dashboard, a page that shows the data of the added routes, live:
    ///
    /// | route | default access | response |
    /// |---|---|---|
    /// | `/dashboard`, `/dashboard/assets/{name}` | open | the page, which holds no data |
    /// | `/dashboard/config.json` | guarded | the paths of the routes, and the names of the metrics |
    /// | `/dashboard/events` | guarded | one frame a second, as server-sent events |
    /// | `/dashboard/history` | guarded | the requests of the last minutes: rates by status class, quantiles, and counts by duration |
    /// | `/dashboard/families` | guarded | the unit and the help of each metric family |
    /// | `/dashboard/family/{name}` | guarded | the series of one metric family |
    ///
    /// The page shows the sources of [`metrics`](Self::metrics), [`health`](Self::health), `jobs`, `alerts` and `log_tail`.
    /// They may be added before or after this call. For those that are missing, it says how to add them.
    ///
    /// Each frame is computed once for all viewers, and only while there are some, at most 256. Rates and quantiles are over the
    /// last 10 s. A viewer's first frame is whole; later ones have the rows that changed.
    ///
    /// A stream ends after a minute, and the page opens the next one at once, so the guard is asked each minute. Streams also end
    /// when [`serve`](Self::serve) or [`spawn`](Self::spawn) stops, and while the [health](Self::health) of these routes
    /// [drains](crate::Health::drain). A server of your own, for example `axum::serve(..).with_graceful_shutdown(..)`, knows neither:
    /// without a drain its shutdown waits for open pages, a minute at most.
    ///
    /// The page may be [renamed](Self::rename). As `/` it cannot be nested, because its links would lead out of the nest.
    ///
    /// A strict Content-Security-Policy allows the page its own files and its own origin, and forbids frames around it.
    ///
    /// ```
    /// use tower_vitals::{Prometheus, Routes, routes::Guard};
    ///
    /// // http://127.0.0.1:3000/dashboard asks for the token.
    /// let routes = Routes::new()
    ///     .metrics(Prometheus::builder().build()?)
    ///     .guard(Guard::bearer("s3cret"))
    ///     .dashboard();
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn dashboard(self) -> Self {
        let mut routes = self
            .page("/dashboard", &operations::PAGE, async |site, request| {
                site.shell.respond(&request.parts.headers)
            })
            .page(
                "/dashboard/assets/{name}",
                &operations::ASSET,
                |site, request| or_reject(asset(site, request)),
            )
            .data(
                "/dashboard/config.json",
                &operations::CONFIG,
                |site, request| or_reject(configuration(site, request)),
            )
            .data(
                "/dashboard/events",
                &operations::EVENTS,
                async |site, request| events(&site, &request),
            )
            .data(
                "/dashboard/history",
                &operations::HISTORY,
                |site, request| or_reject(past(site, request)),
            )
            .data("/dashboard/families", &operations::FAMILIES, |site, _| {
                or_reject(all_families(site))
            })
            .data(
                "/dashboard/family/{name}",
                &operations::FAMILY,
                |site, request| or_reject(one_family(site, request)),
            );
        routes.at_build.push(Site::mount);
        routes
    }

    /// Sets the names of the metrics of requests that the [`dashboard`](Self::dashboard) shows. Defaults to the convention whose
    /// durations are among the metrics: [`Naming::prometheus`], [`Naming::open_telemetry`] or [`Naming::axum_prometheus`].
    ///
    /// ```
    /// use tower_vitals::{HttpMetricsLayer, Prometheus, Routes, http_metrics::Naming};
    ///
    /// let naming = Naming::prometheus().duration("shop_request_duration_seconds");
    /// let layer = HttpMetricsLayer::builder().naming(naming.clone()).build()?;
    /// let routes = Routes::new()
    ///     .metrics(Prometheus::builder().build()?)
    ///     .dashboard()
    ///     .dashboard_naming(naming);
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn dashboard_naming(mut self, naming: Naming) -> Self {
        self.sources.insert(naming);
        self
    }

    fn page<F>(
        self,
        path: &'static str,
        operation: &'static Operation,
        handle: impl Fn(Arc<Site>, RouteRequest) -> F + Send + Sync + Copy + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        self.of_site(path, operation, Access::Open, handle)
    }

    fn data<F>(
        self,
        path: &'static str,
        operation: &'static Operation,
        handle: impl Fn(Arc<Site>, RouteRequest) -> F + Send + Sync + Copy + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        self.of_site(path, operation, Access::Guarded, handle)
    }

    fn of_site<F>(
        self,
        path: &'static str,
        operation: &'static Operation,
        access: Access,
        handle: impl Fn(Arc<Site>, RouteRequest) -> F + Send + Sync + Copy + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        self.add(path, operation, access, move |request| async move {
            match request.mounted.sources.get::<Arc<Site>>().cloned() {
                Some(site) => handle(site, request).await,
                // Every router that is built has one.
                None => unavailable("The dashboard is not built."),
            }
        })
    }
}

impl Monitoring {
    /// Adds the dashboard, as [`Routes::dashboard`] does.
    pub fn dashboard(self) -> Self {
        self.change(Routes::dashboard)
    }
}

async fn asset(site: Arc<Site>, mut request: RouteRequest) -> Result<Response, Rejection> {
    let name = request.name().await?;
    let known = site.assets.iter().find(|(own, _)| *own == name);
    match known {
        Some((_, page)) => Ok(page.respond(&request.parts.headers)),
        None => Err(Rejection::new(
            StatusCode::NOT_FOUND,
            "The dashboard has no such file.",
        )),
    }
}

async fn configuration(site: Arc<Site>, request: RouteRequest) -> Result<Response, Rejection> {
    let config = read(&site, move |site| config(site, &request.mounted)).await?;
    Ok(respond::json(StatusCode::OK, &config))
}

/// Reads metrics on a blocking thread, one request after another.
async fn read<T: Send + 'static>(
    site: &Arc<Site>,
    read: impl FnOnce(&Site) -> T + Send + 'static,
) -> Result<T, Rejection> {
    let turn = Arc::clone(&site.turn).lock_owned().await;
    let site = Arc::clone(site);
    let value = spawn_blocking(move || {
        // A client that leaves does not let the next one begin earlier.
        let _turn = turn;
        read(&site)
    });
    value.await.map_err(|_| {
        Rejection::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The metrics cannot be read; the service's log may say why.",
        )
    })
}

async fn past(site: Arc<Site>, request: RouteRequest) -> Result<Response, Rejection> {
    let query = request.parts.uri.query().unwrap_or_default().to_owned();
    let past = spawn_blocking(move || history(&site, &query)).await;
    past.unwrap_or_else(|_| Ok(unavailable("The metrics cannot be read.")))
}

async fn all_families(site: Arc<Site>) -> Result<Response, Rejection> {
    let about = spawn_blocking(move || site.reader.as_ref().map(|reader| families(reader))).await;
    Ok(match about {
        Ok(about) => respond::json(StatusCode::OK, &about.unwrap_or_default()),
        Err(_) => unavailable("The metrics cannot be read."),
    })
}

async fn one_family(site: Arc<Site>, mut request: RouteRequest) -> Result<Response, Rejection> {
    let name = request.name().await?;
    let shown = read(&site, move |site| {
        let reader = site.reader.as_ref()?;
        family(reader, &name)
    });
    match shown.await? {
        Some(family) => Ok(respond::json(StatusCode::OK, &family)),
        None => Err(Rejection::new(
            StatusCode::NOT_FOUND,
            "There is no metric of this name that has series.",
        )),
    }
}

fn events(site: &Arc<Site>, request: &RouteRequest) -> Response {
    let stopping = request.parts.extensions.get::<Stopping>().cloned();
    let Some(viewer) = site.feed.join(stopping) else {
        let detail = format!("The limit of {MAX_VIEWERS} viewers is reached.");
        return unavailable(&detail);
    };
    let mut response = Response::new(Body::new(viewer));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // nginx would wait until its buffer is full.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

fn unavailable(detail: &str) -> Response {
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, detail);
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}
