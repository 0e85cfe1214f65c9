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

/// The page. `{{assets}}` stands for the folder of the assets, and `{{config}}` for the path of the configuration, both
/// relative to the page.
pub(super) const SHELL: &str = include_str!("../assets/index.html");

/// The files that the page loads.
pub(super) const ASSETS: &[Asset] = &[
    Asset {
        name: "app.css",
        content_type: STYLE,
        bytes: include_bytes!("../assets/app.css"),
    },
    Asset {
        name: "app.js",
        content_type: SCRIPT,
        bytes: include_bytes!("../assets/app.js"),
    },
];
