//! `Site`: the state that the routes of one dashboard share.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Mutex;

use super::asset::{ASSETS, SHELL};
use super::feed::Feed;
use super::page::Page;
use super::request_names::RequestNames;
use crate::exporter::Reader;
use crate::http_metrics::Naming;
use crate::routes::mounted::Mounted;

/// One for each router that is built, because its routes may have other paths.
pub(super) struct Site {
    pub(super) shell: Page,
    /// By name.
    pub(super) assets: Vec<(&'static str, Page)>,
    pub(super) reader: Option<Arc<Reader>>,
    pub(super) names: Arc<RequestNames>,
    pub(super) feed: Arc<Feed>,
    /// Held while a request reads the metrics.
    pub(super) turn: Arc<Mutex<()>>,
}

impl Site {
    pub(super) fn mount(mounted: &mut Mounted) {
        let path = |default| {
            let known = mounted.paths.iter().find(|(own, _)| *own == default);
            known.map_or("", |(_, path)| path)
        };
        let page = path("/dashboard");
        let assets = path("/dashboard/assets/{name}");
        let assets = relative(page, assets.strip_suffix("/{name}").unwrap_or(assets));
        let config = relative(page, path("/dashboard/config.json"));
        // Paths hold no character that has a meaning in HTML.
        let shell = SHELL
            .replace("{{assets}}", &assets)
            .replace("{{config}}", &config);
        let reader = mounted.sources.get::<Arc<Reader>>().cloned();
        let naming = mounted.sources.get::<Naming>().cloned();
        let names = Arc::new(RequestNames::new(naming, reader.as_deref()));
        let files = ASSETS.iter().map(|asset| {
            let page = Page::new(Bytes::from_static(asset.bytes), asset.content_type);
            (asset.name, page)
        });
        let site = Self {
            shell: Page::new(shell.into(), "text/html; charset=utf-8"),
            assets: files.collect(),
            feed: Feed::new(mounted, reader.clone(), Arc::clone(&names)),
            reader,
            names,
            turn: Arc::default(),
        };
        mounted.sources.insert(Arc::new(site));
    }
}

/// The path of `to` as a link of the page `from`, because an app may nest both under a path that is not known here.
fn relative(from: &str, to: &str) -> String {
    let depth = from.matches('/').count().saturating_sub(1);
    let up = "../".repeat(depth);
    [&up, to.trim_start_matches('/')].concat()
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn links_lead_from_the_page_to_its_files() {
        assert_eq!(
            relative("/dashboard", "/dashboard/assets"),
            "dashboard/assets"
        );
        assert_eq!(
            relative("/ops/live", "/dashboard/assets"),
            "../dashboard/assets"
        );
        assert_eq!(relative("/d", "/config"), "config");
    }
}
