//! Values that are sampled rather than recorded: the app, the process, the host and the runtime.

mod app;
mod collecting;
mod collectors;
#[cfg(feature = "system")]
mod disk;
#[cfg(feature = "system")]
mod host;
#[cfg(feature = "system")]
mod process;
mod refresh;
#[cfg(feature = "health")]
mod runtime;
#[cfg(feature = "health")]
mod scheduling_probe;

pub use self::collecting::Collecting;
pub use self::collectors::Collectors;
