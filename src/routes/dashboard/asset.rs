//! `Asset`: a file of the page.

/// A file that is embedded in the crate.
pub(super) struct Asset {
    /// The last part of its path.
    pub(super) name: &'static str,
    pub(super) content_type: &'static str,
    pub(super) bytes: &'static [u8],
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

/// The page. `{{assets}}` stands for the folder of the assets, and `{{config}}` for the path of the configuration, both
/// relative to the page.
pub(super) const SHELL: &str = include_str!("../assets/index.html");

macro_rules! assets {
    ($($content_type:ident $folder:literal $name:literal)*) => {
        &[$(Asset {
            name: $name,
            content_type: $content_type,
            bytes: include_bytes!(concat!("../assets/", $folder, $name)),
        }),*]
    };
}

/// The files that the page loads. All have one folder there, whatever their folder is here.
pub(super) const ASSETS: &[Asset] = assets! {
    STYLE "" "app.css"
    IMAGE "" "icon.svg"
    SCRIPT "" "actions.js"
    SCRIPT "" "alerts.js"
    SCRIPT "" "api.js"
    SCRIPT "" "chart.js"
    SCRIPT "" "dom.js"
    SCRIPT "" "format.js"
    SCRIPT "" "grid.js"
    SCRIPT "" "health.js"
    SCRIPT "" "heat.js"
    SCRIPT "" "jobs.js"
    SCRIPT "" "logs.js"
    SCRIPT "" "main.js"
    SCRIPT "" "metrics.js"
    SCRIPT "" "overview.js"
    SCRIPT "" "poll.js"
    SCRIPT "" "promql.js"
    SCRIPT "" "requests.js"
    SCRIPT "" "runtime.js"
    SCRIPT "" "slos.js"
    SCRIPT "" "store.js"
    SCRIPT "" "stream.js"
    SCRIPT "vendor/" "uPlot.js"
};
