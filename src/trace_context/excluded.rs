/// The attribute of a span that is not to be sampled, whatever the sampler.
pub(crate) const EXCLUDED: &str = "sampling.excluded";
