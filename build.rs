//! Tells cargo that the embedded trees are inputs: `include_dir` alone does not notice new files.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=labs");
    println!("cargo::rerun-if-changed=templates");
}
