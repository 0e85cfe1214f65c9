//! `Site`: the state that the routes of one dashboard share.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Mutex;

use super::asset::{ASSETS, SHELL};
use super::feed::Feed;
use super::request_names::RequestNames;
use crate::exporter::Reader;
use crate::http_metrics::Naming;
use crate::routes::mounted::Mounted;
use crate::routes::page::Page;
use crate::routes::relative::relative;

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
        let path = |default| mounted.path(default).unwrap_or_default();
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
