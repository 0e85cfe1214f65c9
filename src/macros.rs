//! Methods and implementations that several types have in common.

/// `get_ref`, `get_mut` and `into_inner` for a service that keeps the wrapped one in the given field:
/// `inner_service_accessors!(inner: S);`.
macro_rules! inner_service_accessors {
    ($field:ident: $service:ty) => {
        /// Returns a reference to the inner service.
        pub fn get_ref(&self) -> &$service {
            &self.$field
        }

        /// Returns a mutable reference to the inner service. Calls made through it bypass this one.
        pub fn get_mut(&mut self) -> &mut $service {
            &mut self.$field
        }

        /// Returns the inner service.
        pub fn into_inner(self) -> $service {
            self.$field
        }
    };
}

/// `recorder(..)` of a builder that holds a `RecorderRef` in the given field, or of an instrument that holds `handles` there.
macro_rules! recorder_setter {
    (handles: $field:ident) => {
        recorder_setter!(|self, recorder| self.$field = self.$field.with_recorder(&recorder).into());
    };
    ($($field:ident).+) => {
        recorder_setter!(|self, recorder| self.$($field).+ = recorder);
    };
    (|$self:ident, $recorder:ident| $set:expr) => {
        /// Sets the recorder. Defaults to the recorder of the `metrics` facade.
        pub fn recorder(
            mut $self,
            recorder: impl metrics::Recorder + Send + Sync + 'static,
        ) -> Self {
            let $recorder = crate::recorder::RecorderRef::new(recorder);
            $set;
            $self
        }
    };
}

/// `Debug` of a type that cannot derive it: `debug_fields!(Subscription<T> { name });` shows one field of several.
macro_rules! debug_fields {
    ($Type:ident $(<$($param:tt $(: $bound:path)?),+>)? { $($field:ident),* }) => {
        impl $(<$($param $(: $bound)?),+>)? std::fmt::Debug for $Type $(<$($param),+>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($Type))
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    };
}

/// `Debug` of a type with text of the service, as it is derived, but with secrets masked: `redacted_debug!(Tcp { address });`,
/// or with `..` if it shows not all fields. A field may be shown as another value: `labels = Pairs(&self.labels)` with
/// `|self|` before the type.
#[cfg(any(feature = "health", feature = "prometheus"))]
macro_rules! redacted_debug {
    ($Type:ident $(<$param:ident>)? { $($field:ident),* }) => {
        redacted_debug!(@ finish, self, $Type $(<$param>)? { $($field = &self.$field),* });
    };
    ($Type:ident $(<$param:ident>)? { $($field:ident),*, .. }) => {
        redacted_debug!(@ finish_non_exhaustive, self, $Type $(<$param>)? { $($field = &self.$field),* });
    };
    (|$self:ident| $Type:ident { $($field:ident = $value:expr),* }) => {
        redacted_debug!(@ finish, $self, $Type { $($field = $value),* });
    };
    (|$self:ident| $Type:ident { $($field:ident = $value:expr),*, .. }) => {
        redacted_debug!(@ finish_non_exhaustive, $self, $Type { $($field = $value),* });
    };
    (@ $finish:ident, $self:ident, $Type:ident $(<$param:ident>)? { $($field:ident = $value:expr),* }) => {
        impl $(<$param>)? std::fmt::Debug for $Type $(<$param>)? {
            fn fmt(&$self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($Type))
                    $(.field(stringify!($field), &crate::redact::Shown($value)))*
                    .$finish()
            }
        }
    };
}

/// `Default` of a type whose `new()` takes nothing.
macro_rules! default_is_new {
    ($Type:ty) => {
        impl Default for $Type {
            fn default() -> Self {
                Self::new()
            }
        }
    };
}
