//! Checks the receivers, and resolves their fallbacks.

use super::outlet::Outlet;

/// All mistakes of a set of channels.
pub(in crate::alerts) fn mistakes(outlets: &[Outlet]) -> Vec<String> {
    resolve(outlets).err().unwrap_or_default()
}

/// Returns the position of each receiver's fallback, or every mistake.
pub(super) fn resolve(receivers: &[Outlet]) -> Result<Vec<Option<usize>>, Vec<String>> {
    let mut mistakes = Vec::new();
    let position = |name: &str| receivers.iter().position(|receiver| receiver.name == name);
    let mut fallbacks = Vec::new();
    for (index, receiver) in receivers.iter().enumerate() {
        let name = &receiver.name;
        if name.is_empty() {
            mistakes.push("a channel has an empty name".to_owned());
        }
        if position(name) != Some(index) {
            mistakes.push(format!("two channels have the name {name:?}"));
        }
        if receiver.timeout.is_zero() {
            mistakes.push(format!("channel {name:?}: the timeout is 0"));
        }
        let Some(fallback) = &receiver.fallback else {
            fallbacks.push(None);
            continue;
        };
        if !receiver.takes_notifications() {
            mistakes.push(format!(
                "channel {name:?} has a fallback, but gets no notifications that it could hand over"
            ));
        }
        let found = position(fallback);
        match found {
            None => mistakes.push(format!(
                "channel {name:?}: there is no channel {fallback:?} to fall back to"
            )),
            Some(found) if !receivers[found].takes_notifications() => mistakes.push(format!(
                "channel {name:?}: its fallback {fallback:?} takes no notifications"
            )),
            Some(_) => {}
        }
        fallbacks.push(found);
    }
    for (index, receiver) in receivers.iter().enumerate() {
        // A way back to the start is found within as many steps as there are channels.
        let mut at = index;
        for _ in receivers {
            match fallbacks[at] {
                Some(next) if next == index => {
                    let name = &receiver.name;
                    mistakes.push(format!("channel {name:?} falls back to itself"));
                    break;
                }
                Some(next) => at = next,
                None => break,
            }
        }
    }
    if mistakes.is_empty() {
        Ok(fallbacks)
    } else {
        Err(mistakes)
    }
}
