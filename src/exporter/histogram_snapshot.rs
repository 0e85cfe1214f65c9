//! `HistogramSnapshot`: a distribution, its average and its quantiles.

/// A distribution in the buckets of a classic Prometheus histogram.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct HistogramSnapshot {
    /// Ascending upper bounds, the last of them `+Inf`, each with the number of samples that do not exceed it.
    pub buckets: Vec<(f64, u64)>,
    /// The sum of all samples.
    pub sum: f64,
    /// The number of samples.
    pub count: u64,
    /// Shares and their quantiles, if another exporter computed them in place of buckets: a summary. `buckets` then holds
    /// `+Inf` alone.
    pub quantiles: Vec<(f64, f64)>,
}

impl HistogramSnapshot {
    /// Returns the mean of all samples; `None` without samples.
    #[must_use]
    pub fn average(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// Returns the value below which the share `q` of all samples lies, interpolated linearly within its bucket as by
    /// `PromQL`'s `histogram_quantile`. Above the highest finite bound it is that bound.
    ///
    /// A summary has the values of its own [`quantiles`](Self::quantiles), and none between them.
    ///
    /// Returns `None` without samples, without a finite bucket, or for a `q` outside 0 to 1. For a `q` of 0 it returns
    /// where the samples begin, even where `PromQL` returns NaN.
    ///
    /// ```
    /// # use metrics::{Key, Level, Metadata, Recorder};
    /// use tower_vitals::Prometheus;
    ///
    /// let prometheus = Prometheus::builder().buckets("wait_seconds", &[1.0, 2.0]).build()?;
    /// # let metadata = Metadata::new("doc", Level::INFO, None);
    /// let waits = prometheus.register_histogram(&Key::from_name("wait_seconds"), &metadata);
    /// waits.record_many(1.5, 10);
    /// let histogram = prometheus.snapshot().histogram("wait_seconds", &[]).unwrap();
    /// assert_eq!(histogram.quantile(0.5), Some(1.5));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if !self.quantiles.is_empty() {
            let own = self.quantiles.iter();
            let mut own = own.filter(|(share, _)| share.total_cmp(&q).is_eq() && self.count > 0);
            return own.next().map(|(_, value)| *value);
        }
        let (last, finite) = self.buckets.split_last()?;
        let highest = finite.last()?.0;
        if last.1 == 0 || !(0.0..=1.0).contains(&q) {
            return None;
        }
        let rank = q * last.1 as f64;
        let index = finite.partition_point(|(_, count)| (*count as f64) < rank);
        let Some(&(end, count)) = finite.get(index) else {
            return Some(highest);
        };
        let (start, below) = match index.checked_sub(1) {
            Some(previous) => finite[previous],
            None if end <= 0.0 => return Some(end),
            None => (0.0, 0),
        };
        if count == below {
            // The rank is zero and the first bucket is empty. PromQL divides zero by zero here.
            let first = finite.partition_point(|(_, count)| *count == 0);
            return first.checked_sub(1).map(|previous| finite[previous].0);
        }
        let share = (rank - below as f64) / (count - below) as f64;
        Some(start + (end - start) * share)
    }

    /// Adds up histograms of one family, which have the same bounds. Quantiles of several summaries cannot be merged.
    pub(super) fn merged<'a>(histograms: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut total = Self::default();
        for histogram in histograms {
            if total.buckets.is_empty() {
                total.buckets.clone_from(&histogram.buckets);
                total.quantiles.clone_from(&histogram.quantiles);
            } else {
                total.quantiles.clear();
                for (sum, bucket) in total.buckets.iter_mut().zip(&histogram.buckets) {
                    sum.1 += bucket.1;
                }
            }
            total.sum += histogram.sum;
            total.count += histogram.count;
        }
        total
    }

    /// Returns the samples added since `earlier`; all samples if the histogram restarted in between. The quantiles of a summary
    /// stay those of its exporter.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let has_grown = |(now, earlier): (&(f64, u64), &(f64, u64))| {
            now.0.total_cmp(&earlier.0).is_eq() && now.1 >= earlier.1
        };
        let pairs = || self.buckets.iter().zip(&earlier.buckets);
        if self.buckets.len() != earlier.buckets.len()
            || self.count < earlier.count
            || !pairs().all(has_grown)
        {
            return self.clone();
        }
        let buckets = pairs().map(|(now, earlier)| (now.0, now.1 - earlier.1));
        Self {
            buckets: buckets.collect(),
            sum: self.sum - earlier.sum,
            count: self.count - earlier.count,
            quantiles: self.quantiles.clone(),
        }
    }
}
