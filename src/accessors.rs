//! `inner_service_accessors!`, the same accessors on every service that wraps another (as tower-http has them).

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

pub(crate) use inner_service_accessors;
