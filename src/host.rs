//! The name of this host.

/// The longest name, in characters.
const MAX_NAME: usize = 200;

/// The host name without control characters, or `unknown`.
pub(crate) fn name() -> String {
    let name = gethostname::gethostname();
    let name = name.to_string_lossy();
    let name = name.trim().chars().filter(|c| !c.is_control());
    let name: String = name.take(MAX_NAME).collect();
    if name.is_empty() {
        return "unknown".to_owned();
    }
    name
}
