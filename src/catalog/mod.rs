//! What a lab is: its manifest, its files, and where they come from.

pub mod attempts;
pub mod check;
pub mod course;
pub mod differences;
mod embedded;
mod finding;
pub mod lint;
pub mod manifest;
pub mod needs;
pub mod pack;
pub mod parse;
pub mod runtimes;
mod secret;
pub mod source;
mod sources;
pub mod tree;
pub mod units;

pub use manifest::Manifest;
pub use source::{Files, Source};
pub use sources::{Listed, Sources};

/// The documentation of the format, of this version: `labs/README.md`.
#[must_use]
pub fn format() -> &'static str {
    embedded::file("labs/README.md")
        .map_or("", |text| std::str::from_utf8(text).unwrap_or_default())
}

/// A lab as a pack holds it, unrendered.
#[derive(Clone, Debug)]
pub struct Lab {
    /// Where it came from.
    pub source: Source,
    /// The parsed manifest; its strings still hold `<[ variables ]>`.
    pub manifest: Manifest,
    /// The manifest's text.
    pub text: String,
    /// The manifest's name in errors.
    pub file: String,
    /// The files of the shared packs below `labs/_shared` and of `labs/<id>/`, the latter over the
    /// former.
    pub knowledge: Files,
    /// The files of the shared packs and of `templates/<id>/`, the latter over the former.
    pub template: Files,
}
