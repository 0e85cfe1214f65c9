//! `Metrics`: all that frames show of the metrics.

use std::collections::HashMap;
use std::sync::Arc;

use super::endpoint_series::Part;
use super::endpoints::Endpoints;
use super::families::Families;
use super::request_names::RequestNames;
use super::runtime::{GAUGES, Runtime};
use super::times::Times;
use crate::catalog::{APP_INFO, APP_UPTIME, Kind, MONITORING_SERIES_DROPPED, PROCESS_CPU};
use crate::exporter::{Labels, Reader, Seen, SeriesVisitor};

/// The tables, which read all series once a frame.
pub(super) struct Metrics {
    reader: Arc<Reader>,
    names: Arc<RequestNames>,
    /// By the name of the family.
    roles: HashMap<String, Role>,
    /// Whether the names among the roles will not change.
    are_named: bool,
    role: Option<Role>,
    pub(super) times: Times,
    pub(super) endpoints: Endpoints,
    pub(super) families: Families,
    pub(super) runtime: Runtime,
    pub(super) uptime: Option<f64>,
    /// The labels of `app_info`.
    pub(super) info: Option<Labels>,
}

/// The meaning of a family for the tables beside that of the families.
#[derive(Clone, Copy)]
enum Role {
    Requests(Part),
    Gauge(usize),
    Cpu,
    Uptime,
    Info,
    Dropped,
}

impl Metrics {
    pub(super) fn new(reader: &Arc<Reader>, names: &Arc<RequestNames>) -> Self {
        Self {
            reader: Arc::clone(reader),
            names: Arc::clone(names),
            roles: HashMap::new(),
            are_named: false,
            role: None,
            times: Times::default(),
            endpoints: Endpoints::default(),
            families: Families::default(),
            runtime: Runtime::default(),
            uptime: None,
            info: None,
        }
    }

    /// Reads all series at this moment, after the hooks have run.
    pub(super) fn read(&mut self, now: f64) {
        self.name_roles();
        self.times.push(now);
        self.uptime = None;
        self.info = None;
        self.role = None;
        self.endpoints.begin(&self.times);
        self.families.begin();
        self.runtime.begin();
        let reader = Arc::clone(&self.reader);
        reader.visit(self);
        self.endpoints.end();
        self.families.end();
        self.runtime.end(&self.times);
    }

    fn name_roles(&mut self) {
        if self.are_named {
            return;
        }
        let names = self.names.find(&self.reader);
        let own = |family: &str, role| (self.reader.prefixed(family), role);
        let gauges = GAUGES.iter().enumerate();
        self.roles = gauges
            .map(|(place, family)| own(family.name, Role::Gauge(place)))
            .chain([
                own(PROCESS_CPU.name, Role::Cpu),
                own(APP_UPTIME.name, Role::Uptime),
                own(APP_INFO.name, Role::Info),
                own(MONITORING_SERIES_DROPPED.name, Role::Dropped),
            ])
            .collect();
        let requests = [
            (names.requests.as_ref(), Part::Requests),
            (Some(&names.duration), Part::Durations),
            (names.in_flight.as_ref(), Part::InFlight),
        ];
        let requests = requests
            .into_iter()
            .filter_map(|(name, part)| Some((name?.clone(), Role::Requests(part))));
        self.roles.extend(requests);
        self.are_named = self.names.is_found();
    }
}

impl SeriesVisitor for Metrics {
    fn family(&mut self, name: &str, kind: Kind) -> bool {
        self.role = self.roles.get(name).copied();
        self.families.family(name, kind, self.role.is_some())
    }

    fn series(&mut self, labels: &Labels, value: Seen<'_>, is_idle: bool) {
        self.families.add(value, is_idle, &self.times);
        match self.role {
            None => {}
            Some(Role::Requests(part)) => {
                let names = self.names.current();
                let times = &self.times;
                self.endpoints
                    .add(part, names, times, labels, value, is_idle);
            }
            Some(Role::Gauge(_) | Role::Uptime | Role::Info) if is_idle => {}
            Some(Role::Gauge(gauge)) => self.runtime.set(gauge, value.count()),
            Some(Role::Cpu) => self.runtime.set_cpu(value.count()),
            Some(Role::Uptime) => self.uptime = Some(value.count()),
            Some(Role::Info) => self.info = Some(labels.clone()),
            Some(Role::Dropped) => self.families.add_dropped(labels, value),
        }
    }
}
