/// An extension of a request whose id is in the span around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdInSpan;
