//! In place of `src/cells/sync.rs`: loom's primitives.

pub use loom::sync::Mutex;
use loom::sync::atomic;

pub use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Loom has none. Readers see the value by an acquiring load, as of std's.
pub struct OnceLock<T> {
    is_set: atomic::AtomicBool,
    setting: Mutex<()>,
    value: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    pub fn new() -> Self {
        Self {
            is_set: atomic::AtomicBool::new(false),
            setting: Mutex::new(()),
            value: std::sync::OnceLock::new(),
        }
    }

    pub fn get(&self) -> Option<&T> {
        if self.is_set.load(Ordering::Acquire) {
            self.value.get()
        } else {
            None
        }
    }

    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        let _setting = self.setting.lock().unwrap();
        self.value.get_or_init(|| {
            let value = make();
            self.is_set.store(true, Ordering::Release);
            value
        })
    }
}

/// A static that begins anew in every execution of a model. Executions run on one thread of the system each, with all of their
/// threads. At most one per module.
macro_rules! process_wide {
    (static $name:ident: $type:ty = $value:expr;) => {
        std::thread_local! {
            static VALUE: std::cell::Cell<Option<&'static $type>> = const { std::cell::Cell::new(None) };
        }

        struct Static;
        static $name: Static = Static;

        impl std::ops::Deref for Static {
            type Target = $type;

            fn deref(&self) -> &$type {
                current()
            }
        }

        pub fn current() -> &'static $type {
            VALUE.get().expect("run() resets it")
        }

        /// Leaks a few bytes, because a static lives on.
        pub fn reset() {
            VALUE.set(Some(Box::leak(Box::new($value))));
        }
    };
}
pub(super) use process_wide;

/// Loom's takes no `const` block.
macro_rules! local {
    ($($(#[$meta:meta])* static $name:ident: $type:ty = const { $value:expr };)*) => {
        loom::thread_local! {
            $($(#[$meta])* static $name: $type = $value;)*
        }
    };
}
pub(super) use local as thread_local;
