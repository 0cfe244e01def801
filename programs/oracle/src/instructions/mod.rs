mod create_feed;
mod publish;
mod read;
mod rotate_publisher;

pub use {create_feed::*, publish::*, read::*, rotate_publisher::*};
