/// What the sampler decides about the span of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Sampled,
    NotSampled,
    /// Not sampled, because of its path. The parent and the id of the trace do not tell the sampler.
    Excluded,
}
