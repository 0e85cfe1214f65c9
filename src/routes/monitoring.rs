//! [`Monitoring`]: the routes of a program that serves nothing else.

use std::net::SocketAddr;

use super::routes::Routes;
use super::server::Server;
use crate::error::Error;
use crate::health::Health;
use crate::settings::Settings;

/// The routes of a worker, a bot or another program without HTTP of its own: on `MONITORING_HOST` and `MONITORING_PORT`, guarded by
/// `MONITORING_TOKEN`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use tower_vitals::{Health, Monitoring, Prometheus, Settings};
///
/// let settings = Settings::from_env()?;
/// # let mut settings = settings;
/// # settings.monitoring_port = 0;
/// let health = Health::builder().check("queue", async || true).build()?;
/// # let prometheus = Prometheus::builder().build()?;
/// // In a program: let prometheus = Prometheus::install()?;
/// let server = Monitoring::from_settings(&settings)
///     .metrics(prometheus)
///     .health(health)
///     .spawn()
///     .await?;
/// println!("monitoring on http://{}", server.local_addr());
/// // The program works. At its end:
/// server.shutdown().await;
/// # Ok(()) }
/// ```
///
/// The defaults are safe: the address is 127.0.0.1:9100, and guarded routes refuse every request until there is a token. A scraper or
/// probe on another machine needs `MONITORING_HOST=0.0.0.0`. [`Routes`] says which routes are guarded; those of metrics and probes are not, but
/// [`change`](Self::change) can put them behind the guard as well.
///
/// There is always `/livez`, for programs without [`health`](Self::health), and `/admin/config` with these settings.
///
/// It is short for [`Routes`] with [`Settings::guard`], [`Routes::settings`] and [`Routes::spawn`] on [`Settings::address`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Monitoring {
    routes: Routes,
    address: SocketAddr,
}

impl Monitoring {
    /// Creates a builder with the address and the guard of these settings. Nothing listens yet.
    pub fn from_settings(settings: &Settings) -> Self {
        Self {
            routes: Routes::new()
                .liveness()
                .settings(settings)
                .guard(settings.guard()),
            address: settings.address(),
        }
    }

    /// Adds the routes of health checks, as [`Routes::health`] does.
    pub fn health(self, health: Health) -> Self {
        self.change(|routes| routes.health(health))
    }

    /// Changes the routes by any other setter of [`Routes`].
    ///
    /// ```
    /// use tower_vitals::{Monitoring, Prometheus, Settings};
    ///
    /// let monitoring = Monitoring::from_settings(&Settings::from_env()?)
    ///     .metrics(Prometheus::builder().build()?)
    ///     .change(|routes| routes.protect_metrics().rename("/livez", "/alive"));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn change(self, change: impl FnOnce(Routes) -> Routes) -> Self {
        Self {
            routes: change(self.routes),
            address: self.address,
        }
    }

    /// Serves until the future is dropped, as [`Routes::serve`] does.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    pub async fn serve(self) -> Result<(), Error> {
        self.routes.serve(self.address).await
    }

    /// Serves in a task of the current tokio runtime, with the limits of [`Routes::serve`]. The server runs until it is
    /// [shut down](Server::shutdown) or its runtime ends, even if the returned handle is dropped.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) names every [mistake](Routes#mistakes).
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if the server cannot listen on the address.
    pub async fn spawn(self) -> Result<Server, Error> {
        self.routes.spawn(self.address).await
    }
}
