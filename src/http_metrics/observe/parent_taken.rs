/// An extension of a request whose server span, in a layer outside, is the child of the caller's span.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParentTaken;
