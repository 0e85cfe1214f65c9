//! The setters that the builders of both layers have.

/// The setters of a builder that holds a `Config` in its field `config`. `$new` is the code that begins the builder, and
/// `$uses` a path to import, for the examples.
macro_rules! layer_setters {
    ($uses:literal, $new:literal) => {
        /// Limits the number of endpoints. Requests to further ones are counted as `other`. Defaults to 1000.
        ///
        /// `unmatched` and `other` do not count towards the limit.
        pub fn max_endpoints(mut self, max: usize) -> Self {
            self.config.max_endpoints = max;
            self
        }

        /// Adds a label with these values to every family of the layer. Any other value of `pick`, and `None`, is
        /// counted as `other`.
        ///
        /// ```
        #[doc = concat!("use ", $uses, ";")]
        ///
        #[doc = concat!("let layer = ", $new)]
        ///     .label("tier", ["free", "paid"], |parts| {
        ///         parts.headers.get("x-tier")?.to_str().ok()
        ///     })
        ///     .build()?;
        /// # Ok::<_, tower_vitals::Error>(())
        /// ```
        pub fn label<V: Into<Cow<'static, str>>>(
            mut self,
            name: impl Into<Cow<'static, str>>,
            values: impl IntoIterator<Item = V>,
            pick: impl Fn(&Parts) -> Option<&str> + Send + Sync + 'static,
        ) -> Self {
            let values = values.into_iter().map(Into::into).collect();
            let label = ExtraLabel::declared(name.into(), values, pick);
            self.config.request_labels.add(label);
            self
        }

        /// Adds a label whose values are not known beforehand: the first `max` different values of `pick` are kept, and
        /// any later one is counted as `other`. So are `None`, empty values, and values of more than 128 bytes.
        ///
        /// Values that clients choose freely would use up the places. Pick values that were checked before, such as the
        /// tenant of an authenticated request. The labels of one layer have at most 10,000 combinations of values, and
        /// beyond 10,000 series the layer counts under `other`.
        ///
        /// ```
        #[doc = concat!("use ", $uses, ";")]
        ///
        #[doc = concat!("let layer = ", $new)]
        ///     .label_at_most("tenant", 500, |parts| {
        ///         parts.headers.get("x-tenant")?.to_str().ok()
        ///     })
        ///     .build()?;
        /// # Ok::<_, tower_vitals::Error>(())
        /// ```
        pub fn label_at_most(
            mut self,
            name: impl Into<Cow<'static, str>>,
            max: usize,
            pick: impl Fn(&Parts) -> Option<&str> + Send + Sync + 'static,
        ) -> Self {
            let label = ExtraLabel::at_most(name.into(), max, pick);
            self.config.request_labels.add(label);
            self
        }

        /// Adds a label that is picked from the response head to the counter of requests and to the duration. Any other
        /// value of `pick`, `None`, and a request without a response is counted as `other`.
        ///
        /// ```
        #[doc = concat!("use ", $uses, ";")]
        ///
        #[doc = concat!("let layer = ", $new)]
        ///     .response_label("cache", ["hit", "miss"], |response| {
        ///         response.headers.get("x-cache")?.to_str().ok()
        ///     })
        ///     .build()?;
        /// # Ok::<_, tower_vitals::Error>(())
        /// ```
        pub fn response_label<V: Into<Cow<'static, str>>>(
            mut self,
            name: impl Into<Cow<'static, str>>,
            values: impl IntoIterator<Item = V>,
            pick: impl Fn(&http::response::Parts) -> Option<&str> + Send + Sync + 'static,
        ) -> Self {
            let values = values.into_iter().map(Into::into).collect();
            let label = ExtraLabel::declared(name.into(), values, pick);
            self.config.response_labels.add(label);
            self
        }

        /// Sets whether the duration has the status, or its class, as a label. Defaults to the naming's convention:
        /// [`DurationStatus::Absent`], or [`DurationStatus::Code`] for OpenTelemetry and axum-prometheus.
        pub fn duration_status(mut self, detail: DurationStatus) -> Self {
            self.config.duration_status = Some(detail);
            self
        }

        /// Excludes the requests for which `skip` returns true from this layer's metrics. Defaults to none. Of layers around
        /// each other, the outermost one that does not skip a request records it, with its own options only: the `skip`, the
        /// labels and the sizes of layers inside it are not used.
        pub fn skip(mut self, skip: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
            self.config.skip = Some(Arc::new(skip));
            self
        }
    };
}
