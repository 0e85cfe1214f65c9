//! Links of pages.

/// The path of `to` as a link of the page `from`, because an app may nest both under a path that is not known here.
pub(super) fn relative(from: &str, to: &str) -> String {
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
