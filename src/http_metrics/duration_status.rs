/// Whether the duration has the status as a label. Each value is a histogram of its own for every endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DurationStatus {
    /// No: one histogram for all statuses.
    Absent,
    /// Its class: `2xx`, `4xx`, `5xx`. A status that is no code, such as `timeout`, is its own class.
    Class,
    /// The status itself, as on the counter.
    Code,
}
