//! Each channel against a sink that enforces the limits of its vendor.

mod discord;
mod notifications;
mod secrets;
mod sink;
mod slack;
mod telegram;
mod tested;
mod webhook;
