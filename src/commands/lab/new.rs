//! `lab new`: the skeleton of a lab.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::catalog::manifest::VarKind;
use crate::catalog::pack;
use crate::catalog::source::{self, Source};
use crate::catalog::tree::{File, RelPath, Tree};
use crate::commands::{Session, View, pasteable};
use crate::error::{Error, Result};
use crate::platform::term::GOOD;
use crate::scaffold;

#[derive(Serialize)]
pub(in crate::commands) struct Created {
    id: String,
    pack: PathBuf,
    files: Vec<String>,
}

/// Writes the skeleton of a lab into a pack: both of its folders, or neither.
pub(in crate::commands) fn new(session: &Session, id: &str, folder: &Path) -> Result<Created> {
    let well = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !id.starts_with(|c: char| c.is_ascii_lowercase())
        || !id.chars().all(well)
        || id.ends_with('-')
        || id.len() > 40
    {
        return Err(Error::usage(format!("`{id}` cannot be a lab's id"))
            .hint("a letter, then a-z, 0-9 and -, 40 characters at most"));
    }
    let root = session.folder.join(folder);
    let files = source::skeleton(id, port(&root)?);
    let mut whole = Tree::new();
    for (path, bytes) in &files {
        whole.insert(RelPath::new(path.as_str()).map_err(Error::bug)?, File::new(bytes.to_vec()));
    }
    let mut written: Vec<String> = files.keys().cloned().collect();
    if scaffold::vacant(&root)? {
        let text = source::new_pack(&root);
        let path = RelPath::new(pack::FILE).map_err(Error::bug)?;
        whole.insert(path, File::new(text.into_bytes()));
        written.push(pack::FILE.to_owned());
        scaffold::create(&root, &whole)?;
    } else {
        if !["labs", "templates"].iter().any(|part| root.join(part).is_dir()) {
            return Err(Error::usage(format!(
                "{} has files and is no pack: nothing was changed",
                root.display()
            ))
            .hint(format!(
                "name a new folder, or make it a pack: mkdir {}",
                pasteable(&root.join("labs"))
            )));
        }
        let places = ["labs", "templates"].map(|part| (part, root.join(part).join(id)));
        for (_, place) in &places {
            if !scaffold::vacant(place)? {
                return Err(Error::usage(format!(
                    "{} is there already: nothing was changed",
                    place.display()
                )));
            }
        }
        for (part, place) in &places {
            let below = format!("{part}/{id}/");
            let inside = whole.iter().filter_map(|(path, file)| {
                Some((RelPath::new(path.as_str().strip_prefix(&below)?).ok()?, file.clone()))
            });
            scaffold::create(place, &inside.collect())?;
        }
    }
    Ok(Created { id: id.to_owned(), pack: folder.to_owned(), files: written })
}

/// A port that no other lab of the pack listens on by default, nor one of those that everybody has:
/// two labs can be up at once.
fn port(pack: &Path) -> Result<u16> {
    let mut taken = BTreeSet::new();
    for source in [Source::Embedded, Source::Pack(pack.to_owned())] {
        // A pack that is new, or a lab that its author is working on: it takes no port.
        let ids = source.ids().unwrap_or_default();
        for lab in ids.iter().filter_map(|id| source.lab(id).ok()) {
            let ports = lab.manifest.vars.values().filter(|var| var.kind == VarKind::Port);
            taken.extend(ports.filter_map(|var| var.default.as_ref()?.as_integer()));
        }
    }
    (source::PORT..=u16::MAX)
        .find(|port| !taken.contains(&i64::from(*port)))
        .ok_or_else(|| Error::usage("the labs of this pack have all ports"))
}

impl View for Created {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let pack = pasteable(&self.pack);
        writeln!(
            out,
            "{GOOD}made{GOOD:#} the lab {}: {} files in {}",
            self.id,
            self.files.len(),
            self.pack.display()
        )?;
        writeln!(
            out,
            "\nnext:\n  mlops-lab lab lint {pack}\n  mlops-lab --pack {pack} lab test {}",
            self.id
        )?;
        writeln!(out, "  mlops-lab lab format   (the documentation of the format)")
    }
}
