//! Packs `labs/` and `templates/` for the binary: all files as one block, and a table of what lies
//! where.
//!
//! `include_dir` of the two trees themselves would give the binary a pointer for every path and
//! every content. The system has to set each of them before the program begins, and would the
//! longer, the more labs there are.

#![allow(
    clippy::disallowed_methods,
    reason = "`platform` is part of what is built; a build that was interrupted here runs again"
)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = Vec::new();
    for top in ["labs", "templates"] {
        println!("cargo::rerun-if-changed={top}");
        walk(&root.join(top), top, &mut files)?;
    }
    files.sort();
    let (mut table, mut block) = (String::new(), Vec::new());
    for path in files {
        let content = fs::read(root.join(&path))?;
        let _ = writeln!(table, "{} {} {path}", block.len(), content.len());
        block.extend(content);
    }
    let packed = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("packed");
    fs::create_dir_all(&packed)?;
    fs::write(packed.join("table"), table)?;
    fs::write(packed.join("block"), block)
}

/// All files below a folder, by path with `/`.
fn walk(folder: &Path, name: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let plain = entry.file_name().into_string().ok().filter(|name| !name.contains('\n'));
        let plain = plain
            .ok_or_else(|| io::Error::other(format!("{:?} cannot be packed", entry.path())))?;
        let path = format!("{name}/{plain}");
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
