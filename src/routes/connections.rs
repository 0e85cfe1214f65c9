//! [`Connections`]: which connections are open, and which of them give way at a limit.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::limits::Limits;

/// The open connections of a server.
///
/// At a limit, the connection that has waited longest for a request head is closed, because a client may hold such
/// connections for nothing. A connection with a response in progress is never closed.
pub(super) struct Connections {
    limits: Limits,
    open: Mutex<Open>,
    /// A connection ended or became idle.
    changed: Notify,
}

#[derive(Default)]
struct Open {
    last_id: u64,
    entries: HashMap<u64, Entry>,
}

struct Entry {
    client: IpAddr,
    phase: Phase,
    /// Requests so far.
    requests: u64,
    leave: Arc<Notify>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    AwaitsHead(Instant),
    Responds,
    /// The response has ended, and its last bytes are not written yet.
    Flushes,
    /// It gives way and is about to close.
    Leaves,
}

enum Room {
    Free,
    /// A connection is about to end, or all are in use.
    Later,
    None,
}

impl Connections {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            open: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// Waits until `client` may open a connection. Returns `None` if it holds its share of them, each with a response in
    /// progress.
    pub(super) async fn admit(self: &Arc<Self>, client: IpAddr) -> Option<Connection> {
        let client = client.to_canonical();
        loop {
            let room = self.open.lock().make_room(client, &self.limits);
            match room {
                Room::Free => return Some(self.add(client)),
                Room::Later => self.changed.notified().await,
                Room::None => return None,
            }
        }
    }

    fn add(self: &Arc<Self>, client: IpAddr) -> Connection {
        let leave = Arc::new(Notify::new());
        let mut open = self.open.lock();
        open.last_id += 1;
        let id = open.last_id;
        let entry = Entry {
            client,
            phase: Phase::AwaitsHead(Instant::now()),
            requests: 0,
            leave: Arc::clone(&leave),
        };
        open.entries.insert(id, entry);
        drop(open);
        Connection {
            id,
            all: Arc::clone(self),
            leave,
        }
    }
}

impl Open {
    fn make_room(&mut self, client: IpAddr, limits: &Limits) -> Room {
        let own = self.entries.values().filter(|entry| entry.client == client);
        if own.count() >= limits.connections_per_client {
            let has_room_later = self.close_idlest(|entry| entry.client == client);
            return if has_room_later {
                Room::Later
            } else {
                Room::None
            };
        }
        if self.entries.len() >= limits.connections {
            self.close_idlest(|_| true);
            return Room::Later;
        }
        Room::Free
    }

    /// Closes the connection that has waited longest for a request head. Returns whether one is about to close.
    fn close_idlest(&mut self, is_wanted: impl Fn(&Entry) -> bool) -> bool {
        let mut wanted: Vec<_> = self
            .entries
            .values_mut()
            .filter(|entry| is_wanted(entry))
            .collect();
        if wanted.iter().any(|entry| entry.phase == Phase::Leaves) {
            return true;
        }
        let idle = wanted.iter_mut().filter_map(|entry| match entry.phase {
            Phase::AwaitsHead(since) => Some((since, entry)),
            _ => None,
        });
        let Some((_, entry)) = idle.min_by_key(|(since, _)| *since) else {
            return false;
        };
        entry.phase = Phase::Leaves;
        entry.leave.notify_one();
        true
    }
}

/// An open connection. Dropping it makes room for another.
pub(super) struct Connection {
    id: u64,
    all: Arc<Connections>,
    leave: Arc<Notify>,
}

impl Connection {
    pub(super) fn limits(&self) -> &Limits {
        &self.all.limits
    }

    /// Completes when the connection must give way.
    pub(super) async fn leaves(&self) {
        self.leave.notified().await;
    }

    /// Marks the start of a request. Returns `false` if the connection gives way.
    pub(super) fn begin_request(&self) -> bool {
        self.update(|entry| {
            if entry.phase == Phase::Leaves {
                return false;
            }
            entry.requests += 1;
            entry.phase = Phase::Responds;
            true
        })
    }

    /// Marks the end of a response, whose last bytes may not be written yet.
    pub(super) fn end_response(&self) {
        self.update(|entry| {
            if entry.phase == Phase::Responds {
                entry.phase = Phase::Flushes;
            }
            true
        });
    }

    /// Everything that was to be written is written.
    pub(super) fn flushed(&self) {
        let is_idle = self.update(|entry| {
            let is_idle = entry.phase == Phase::Flushes;
            if is_idle {
                entry.phase = Phase::AwaitsHead(Instant::now());
            }
            is_idle
        });
        if is_idle {
            self.all.changed.notify_one();
        }
    }

    /// Returns the number of requests before the one whose head is awaited, or `None` if none is awaited.
    pub(super) fn awaited_head(&self) -> Option<u64> {
        let open = self.all.open.lock();
        let entry = open.entries.get(&self.id)?;
        matches!(entry.phase, Phase::AwaitsHead(_)).then_some(entry.requests)
    }

    fn update(&self, update: impl FnOnce(&mut Entry) -> bool) -> bool {
        let mut open = self.all.open.lock();
        open.entries.get_mut(&self.id).is_some_and(update)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.open.lock().entries.remove(&self.id);
        self.all.changed.notify_one();
    }
}
