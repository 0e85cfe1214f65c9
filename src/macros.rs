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

/// `Debug` of a type that cannot derive it: `debug_fields!(Subscription<T> { name });` shows one field of several. Secrets
/// are masked.
macro_rules! debug_fields {
    ($Type:ident $(<$($param:tt $(: $bound:path)?),+>)? { $($field:ident),* }) => {
        impl $(<$($param $(: $bound)?),+>)? std::fmt::Debug for $Type $(<$($param),+>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($Type))
                    $(.field(stringify!($field), &crate::redact::Redacted(&self.$field)))*
                    .finish_non_exhaustive()
            }
        }
    };
}

/// `Debug` of a type with texts that may hold secrets, which are masked: `debug_redacted!(Tcp { address });`. It names all
/// fields, as the derived one does.
macro_rules! debug_redacted {
    ($Type:ident { $($field:ident),* }) => {
        impl std::fmt::Debug for $Type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($Type))
                    $(.field(stringify!($field), &crate::redact::Redacted(&self.$field)))*
                    .finish()
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
