//! The setter of [`PrometheusBuilder`] for native histograms.

use super::builder::PrometheusBuilder;
use super::native_histograms::NativeHistograms;

impl PrometheusBuilder {
    /// Gives histograms exponential buckets, which need no choice of bounds and make quantiles exact within a bucket's width:
    /// Prometheus calls them native histograms. Defaults to none. Can be called several times; the last call that names a
    /// histogram decides.
    ///
    /// Only the protobuf format shows them (feature `protobuf`), which Prometheus requests if native histograms are enabled in
    /// it: by `--enable-feature=native-histograms` up to version 3.8, by `scrape_native_histograms: true` from 3.8 on. Version 3.9
    /// ignores the feature, and 3.7 refuses the setting. All other formats show the classic buckets.
    ///
    /// **Trap**: a Prometheus may request protobuf while native histograms are disabled in it, for example because only
    /// `--enable-feature=created-timestamp-zero-ingestion` is set. Then versions 3.3 to 3.7 store neither the exponential nor the
    /// classic buckets of such a histogram, and 2.53 to 3.2 store a constant 0, while `up` stays 1. Enable both or neither, or set
    /// `always_scrape_classic_histograms: true` for the job, which saves the classic buckets. The sign of the loss is
    /// `scrape_samples_post_metric_relabeling < scrape_samples_scraped`.
    ///
    /// Prometheus that stores native histograms leaves out the classic buckets of the same histogram, and so
    /// `http_request_duration_seconds_bucket` vanishes from its queries, unless `always_scrape_classic_histograms: true`
    /// (`scrape_classic_histograms` before 3.0) is set for the job.
    ///
    /// HTTP requests of a family with exponential buckets cost a little more to record, because its durations are counted apart
    /// from the requests. Without this call, nothing costs more.
    ///
    /// ```
    /// use tower_vitals::Prometheus;
    /// use tower_vitals::exporter::NativeHistograms;
    ///
    /// let prometheus = Prometheus::builder()
    ///     .native_histograms(NativeHistograms::all())
    ///     .build()?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn native_histograms(mut self, native: NativeHistograms) -> Self {
        self.native_histograms.push(native);
        self
    }
}
