//! The record of a lab: what it was made of. Written once by `init`.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::base;
use super::id::new_id;
use super::path::real;
use crate::catalog::tree::{File, RelPath, Tree};
use crate::catalog::{Lab, Source};
use crate::error::{Error, Result};
use crate::layout;

/// The version of the record that this program writes; it reads the ones before, too. With 1 the
/// pristine files were a folder, see `base`; up to 2 a pack was known by its path alone.
const SCHEMA: u32 = 3;

/// What never belongs in git: what runs, what was done, what was kept. The archive does, also where
/// somebody ignores all archives: a file nearer to it has the last word.
const IGNORED: &str = "/run/\n/backup/\n/undo/\n/progress.json\n!/base.tar\n";

/// What a lab was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The version of this format.
    pub schema: u32,
    /// Sixteen hexadecimal digits that every copy of the lab shares. Nothing is trusted by it: what
    /// marks processes is the instance's id.
    pub id: String,
    /// The lab.
    pub lab: String,
    /// The version of the program that made it.
    pub version: String,
    /// The pack it came from; none for the built-in labs.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "origin")]
    pub pack: Option<Origin>,
    /// The answers, without secrets.
    pub answers: toml::Table,
}

/// The pack that a lab came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// What the pack calls itself; none where it has no `pack.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where it can be had: an address for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How it was given: `--pack`, or the variable that names packs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
    /// Its path from the lab's folder: a lab travels, often together with its pack.
    pub path: String,
}

/// A pack as it is recorded, or its path alone, as records were up to schema 2.
fn origin<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Origin>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Path(String),
        Whole(Origin),
    }
    Ok(Option::<Form>::deserialize(from)?.map(|form| match form {
        Form::Path(path) => Origin { path, ..Origin::default() },
        Form::Whole(origin) => origin,
    }))
}

impl Origin {
    /// Of a lab that is, or will be, at this place.
    fn of(place: &Place<'_>, source: &Source) -> Result<Option<Origin>> {
        let Source::Pack(path) = source else { return Ok(None) };
        let pack = source.pack()?;
        let (name, version) = pack.as_ref().map(|p| (p.name.clone(), p.version.clone())).unzip();
        Ok(Some(Origin {
            name,
            version,
            source: pack.and_then(|pack| pack.source),
            given: place.given.map(str::to_owned),
            path: from(&real(place.root), &real(path)).display().to_string(),
        }))
    }
}

/// Where a lab is, or will be.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its folder.
    pub root: &'a Path,
    /// The id in its record, when it has one already.
    pub id: Option<&'a str>,
    /// How its pack was given.
    pub given: Option<&'a str>,
}

impl Record {
    /// Of a lab whose record cannot be read.
    pub(super) fn unknown() -> Record {
        let none = String::new;
        Record {
            schema: SCHEMA,
            id: none(),
            lab: none(),
            version: none(),
            pack: None,
            answers: toml::Table::new(),
        }
    }

    /// Reads the record of the lab at `root`.
    ///
    /// # Errors
    /// Exit 3 when it cannot be read, is broken, or is of another version of the format.
    pub(super) fn read(root: &Path) -> Result<Record> {
        let path = root.join(layout::RECORD);
        let text = super::text(root, layout::RECORD)?;
        let broken = |error: &toml::de::Error| {
            let place =
                error.span().map(|span| crate::catalog::parse::line_column(&text, span.start));
            let place = place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
            Error::environment(format!("{}{place}: {}", path.display(), error.message())).hint(
                "restore the file from git, or create the lab again beside it: mlops-lab init",
            )
        };
        let table: toml::Table = toml::from_str(&text).map_err(|error| broken(&error))?;
        let schema = table.get("schema").and_then(toml::Value::as_integer);
        if !schema.is_some_and(|schema| (1..=i64::from(SCHEMA)).contains(&schema)) {
            let schema = schema.map_or("none".to_owned(), |schema| schema.to_string());
            return Err(Error::environment(format!(
                "{}: this record has schema {schema}, and this mlops-lab reads schemas up to \
                 {SCHEMA}",
                path.display()
            ))
            .hint("use the mlops-lab that made the lab, or a newer one"));
        }
        toml::from_str(&text).map_err(|error| broken(&error))
    }
}

/// What `init` writes into `.mlops-lab/`: the record, the rendered manifest, the lab's own files,
/// and the pristine tree.
///
/// `place` is where it is, or will be.
///
/// # Errors
/// Exit 2 when the pack's `pack.toml` cannot be read; exit 3 when the system gives no random
/// numbers.
pub fn seed(
    place: &Place<'_>,
    lab: &Lab,
    manifest_text: &str,
    knowledge: &Tree,
    project: &Tree,
    dotenvs: &Tree,
    answers: &std::collections::BTreeMap<String, toml::Value>,
) -> Result<Tree> {
    let record = Record {
        schema: SCHEMA,
        id: place.id.map_or_else(new_id, |id| Ok(id.to_owned()))?,
        lab: lab.manifest.id.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pack: Origin::of(place, &lab.source)?,
        answers: answers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
    };
    let text = toml::to_string(&record)
        .map_err(|error| Error::bug("a record that cannot be written").because(error))?;
    let mut tree = Tree::new();
    let mut put = |path: String, file: File| -> Result<()> {
        tree.insert(RelPath::new(path).map_err(Error::bug)?, file);
        Ok(())
    };
    put(layout::RECORD.to_owned(), File::new(text.into_bytes()))?;
    put(layout::MANIFEST.to_owned(), File::new(manifest_text.as_bytes().to_vec()))?;
    put(layout::GITIGNORE.to_owned(), File::new(IGNORED.as_bytes().to_vec()))?;
    for (path, file) in knowledge {
        put(layout::knowledge(path.as_str()), file.clone())?;
    }
    for (path, file) in dotenvs {
        put(layout::dotenv_template(path.as_str()), file.clone())?;
    }
    // A `.env` is the learner's and may hold secrets: it has no pristine copy.
    let pristine = project.iter().filter(|(path, _)| !path.is_secret());
    put(layout::BASE.to_owned(), File { bytes: base::pack(pristine)?, executable: false })?;
    Ok(tree)
}

/// A path as it is written from a folder. Both are absolute.
fn from(folder: &Path, path: &Path) -> PathBuf {
    let shared = folder.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_is_known_by_more_than_its_path_and_by_that_in_older_records() {
        let record = |text: &str| toml::from_str::<Record>(text).unwrap().pack.unwrap();
        let head = "schema = 2\nid = \"1\"\nlab = \"tiny\"\nversion = \"0.1.0\"\n";
        let older = record(&format!("{head}pack = \"../pack\"\n[answers]\n"));
        assert_eq!(older, Origin { path: "../pack".into(), ..Origin::default() });
        let whole = Origin {
            name: Some("acme".into()),
            version: Some("1.2.0".into()),
            source: None,
            given: Some("--pack".into()),
            path: "../pack".into(),
        };
        let text = toml::to_string(&Record { pack: Some(whole.clone()), ..Record::unknown() });
        assert_eq!(record(&text.unwrap()), whole);
    }

    #[test]
    fn a_path_is_written_from_the_labs_folder() {
        for (folder, path, expected) in [
            ("/home/me/lab", "/home/me/pack", "../pack"),
            ("/home/me/course/labs/a", "/home/me/course", "../.."),
            ("/home/me/course", "/home/me/course/packs/b", "packs/b"),
            ("/srv/lab", "/home/me/pack", "../../home/me/pack"),
        ] {
            assert_eq!(from(Path::new(folder), Path::new(path)), Path::new(expected));
        }
    }
}
