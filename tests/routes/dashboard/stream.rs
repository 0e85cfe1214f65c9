//! The stream of frames and its viewers.
