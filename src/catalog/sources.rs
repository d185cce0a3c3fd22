//! All the places that labs come from, and how a lab is found in them by its name.

use std::path::{Path, PathBuf};

use super::pack::BUILTIN;
use super::{Lab, Source};
use crate::error::{Error, Result, unknown};
use crate::layout;

/// The packs of the command line, those of the environment, and the labs in this binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// Packs of the command line. What is typed wins over what is always there.
    typed: Vec<Source>,
    /// Packs of the environment, then the built-in labs.
    standing: Vec<Source>,
}

/// A lab of one of the sources, by the name that means it.
#[derive(Clone, Debug)]
pub struct Listed<'a> {
    /// Its id, with the pack before it where the id alone means another lab, or none.
    pub name: String,
    /// Its id in the pack.
    pub id: String,
    /// Where it comes from.
    pub source: &'a Source,
}

impl Sources {
    /// Packs as they were given, all paths absolute or from the current folder. A pack that is
    /// given twice counts once.
    pub fn new(typed: Vec<PathBuf>, environment: Vec<PathBuf>) -> Sources {
        let mut seen: Vec<PathBuf> = Vec::new();
        let mut once = |path: &PathBuf| {
            let new = !seen.contains(path);
            seen.extend(new.then(|| path.clone()));
            new
        };
        let packs = |paths: Vec<PathBuf>, once: &mut dyn FnMut(&PathBuf) -> bool| -> Vec<Source> {
            paths.into_iter().filter(|path| once(path)).map(Source::Pack).collect()
        };
        let typed = packs(typed, &mut once);
        let mut standing = packs(environment, &mut once);
        standing.push(Source::Embedded);
        Sources { typed, standing }
    }

    /// The packs of a value of `layout::PACKS`; relative ones are meant from `folder`.
    pub fn environment(value: Option<std::ffi::OsString>, folder: &Path) -> Vec<PathBuf> {
        let value = value.unwrap_or_default();
        let paths = std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty());
        paths.map(|path| folder.join(path)).collect()
    }

    /// The packs of the command line.
    pub fn typed(&self) -> &[Source] {
        &self.typed
    }

    /// What is meant where no lab is named: the packs of the command line, else the built-in labs.
    pub fn meant(&self) -> &[Source] {
        if self.typed.is_empty() { &[Source::Embedded] } else { &self.typed }
    }

    fn all(&self) -> impl Iterator<Item = &Source> {
        self.typed.iter().chain(&self.standing)
    }

    /// How the source was given, as the user knows it; none for the built-in labs.
    pub fn given(&self, source: &Source) -> Option<&'static str> {
        match source {
            Source::Embedded => None,
            Source::Pack(_) if self.typed.contains(source) => Some("--pack"),
            Source::Pack(_) => self.standing.contains(source).then_some(layout::PACKS),
        }
    }

    /// The lab of this name: an id, or the name of its pack, a `/` and the id.
    ///
    /// # Errors
    /// Exit 2: there is no such lab (with the nearest name), two packs have one, or its manifest
    /// does not parse.
    pub fn lab(&self, name: &str) -> Result<Lab> {
        if let Some((pack, id)) = name.rsplit_once('/') {
            return self.of_pack(pack)?.lab(id);
        }
        for tier in [&self.typed, &self.standing] {
            if let Some(source) = one(tier, name)? {
                return source.lab(name);
            }
        }
        Err(self.no_lab(name))
    }

    /// The lab with this id in the packs of the command line alone.
    ///
    /// # Errors
    /// As [`Sources::lab`].
    pub fn typed_lab(&self, id: &str) -> Result<Lab> {
        match one(&self.typed, id)? {
            Some(source) => source.lab(id),
            None => Err(no_lab(id, &listed(&self.typed)?)),
        }
    }

    /// The pack of the environment that calls itself so.
    ///
    /// # Errors
    /// As [`Source::pack`].
    pub fn standing_pack(&self, name: &str) -> Result<Option<&Source>> {
        for source in self.standing.iter().filter(|source| **source != Source::Embedded) {
            if source.name()? == name {
                return Ok(Some(source));
            }
        }
        Ok(None)
    }

    /// Every lab by the name that means it: packs first, in the order in which they were given.
    ///
    /// # Errors
    /// Exit 2 when a pack is none, or is not for this program.
    pub fn labs(&self) -> Result<Vec<Listed<'_>>> {
        let all = [listed(&self.typed)?, listed(&self.standing)?];
        let has = |tier: &[(String, &Source)], id: &str| {
            tier.iter().filter(|(other, _)| other == id).count()
        };
        let mut labs = Vec::new();
        for (number, tier) in all.iter().enumerate() {
            for (id, source) in tier {
                let shadowed = number > 0 && has(&all[0], id) > 0;
                let name = if shadowed || has(tier, id) > 1 {
                    format!("{}/{id}", source.name()?)
                } else {
                    id.clone()
                };
                labs.push(Listed { name, id: id.clone(), source });
            }
        }
        Ok(labs)
    }

    fn of_pack(&self, name: &str) -> Result<&Source> {
        let mut names = Vec::new();
        let mut found = Vec::new();
        for source in self.all() {
            let own = source.name()?;
            found.extend((own == name).then_some(source));
            names.push(own);
        }
        match found[..] {
            [source] => Ok(source),
            [] => Err(unknown("pack", name, names.iter().map(String::as_str))
                .hint("name it: --pack DIR")
                .hint("see all labs: mlops-lab list")),
            _ => Err(Error::usage(format!("two packs are called `{name}`"))
                .detail(places(&found))
                .hint("name one of them alone: --pack DIR")),
        }
    }

    fn no_lab(&self, name: &str) -> Error {
        match self.labs() {
            Ok(labs) => {
                let names: Vec<(String, &Source)> =
                    labs.into_iter().map(|lab| (lab.name, lab.source)).collect();
                no_lab(name, &names)
            }
            // A pack that cannot be read may have it.
            Err(error) => error,
        }
    }
}

fn no_lab(name: &str, known: &[(String, &Source)]) -> Error {
    unknown("lab", name, known.iter().map(|(id, _)| id.as_str()))
        .hint("see them all: mlops-lab list")
}

/// The ids of some sources, each with where it comes from.
fn listed(tier: &[Source]) -> Result<Vec<(String, &Source)>> {
    let mut all = Vec::new();
    for source in tier {
        all.extend(source.ids()?.into_iter().map(|id| (id, source)));
    }
    Ok(all)
}

/// The one source that has this lab, if any.
fn one<'a>(tier: &'a [Source], id: &str) -> Result<Option<&'a Source>> {
    let found: Vec<&Source> = tier.iter().filter(|source| source.has_lab(id)).collect();
    match found[..] {
        [] => Ok(None),
        [source] => Ok(Some(source)),
        _ => {
            let names: Result<Vec<String>> =
                found.iter().map(|source| Ok(format!("{}/{id}", source.name()?))).collect();
            let names = names?;
            let distinct = names.iter().enumerate().all(|(n, name)| !names[..n].contains(name));
            let hint = if distinct {
                format!("name the one you mean: {}", names.join(" or "))
            } else {
                "name one of the packs alone: --pack DIR".to_owned()
            };
            Err(Error::usage(format!("{} packs have a lab `{id}`", found.len()))
                .detail(places(&found))
                .hint(hint))
        }
    }
}

/// Where each of some packs is, a line each.
fn places(sources: &[&Source]) -> String {
    let place = |source: &&Source| match source {
        Source::Embedded => format!("{BUILTIN}: the labs in mlops-lab itself"),
        Source::Pack(root) => root.display().to_string(),
    };
    sources.iter().map(place).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests look at the disk by themselves")]

    use super::*;

    /// A pack with a name of its own and labs that have no more than their manifests.
    fn pack(root: &Path, name: &str, ids: &[&str]) -> PathBuf {
        let pack = root.join(name);
        for id in ids {
            let lab = pack.join("labs").join(id);
            std::fs::create_dir_all(&lab).unwrap();
            let text = super::super::source::skeleton(id, 8095);
            let manifest = &text[&format!("labs/{id}/lab.toml")];
            std::fs::write(lab.join("lab.toml"), manifest).unwrap();
        }
        let text = format!("name = \"{name}\"\nversion = \"1.0\"\n");
        std::fs::write(pack.join("pack.toml"), text).unwrap();
        pack
    }

    fn names(sources: &Sources) -> Vec<String> {
        sources.labs().unwrap().into_iter().map(|lab| lab.name).collect()
    }

    #[test]
    fn built_in_labs_stay_visible_beside_packs_and_what_is_typed_wins() {
        let temp = tempfile::tempdir().unwrap();
        let typed = pack(temp.path(), "acme", &["one", "serving"]);
        let sources = Sources::new(vec![typed.clone(), typed.clone()], Vec::new());
        let all = names(&sources);
        assert_eq!(all[..2], ["one", "serving"]);
        assert!(all.contains(&"builtin/serving".to_owned()), "{all:?}");
        assert!(all.contains(&"tracking".to_owned()), "{all:?}");
        assert_eq!(sources.lab("serving").unwrap().source, Source::Pack(typed));
        assert_eq!(sources.lab("builtin/serving").unwrap().source, Source::Embedded);
        assert_eq!(sources.lab("tracking").unwrap().source, Source::Embedded);
    }

    #[test]
    fn a_name_that_two_packs_have_is_refused_with_the_names_that_mean_one() {
        let temp = tempfile::tempdir().unwrap();
        let packs = vec![pack(temp.path(), "a", &["one", "two"]), pack(temp.path(), "b", &["one"])];
        for sources in
            [Sources::new(packs.clone(), Vec::new()), Sources::new(Vec::new(), packs.clone())]
        {
            let error = sources.lab("one").unwrap_err();
            assert_eq!(error.to_string(), "2 packs have a lab `one`");
            assert!(error.hints()[0].ends_with("a/one or b/one"), "{:?}", error.hints());
            assert!(error.detail_text().unwrap().contains(&packs[0].display().to_string()));
            assert_eq!(sources.lab("b/one").unwrap().source, Source::Pack(packs[1].clone()));
            assert_eq!(sources.lab("two").unwrap().source, Source::Pack(packs[0].clone()));
            assert_eq!(names(&sources)[..3], ["a/one", "two", "b/one"]);
        }
        let environment = Sources::new(Vec::new(), vec![pack(temp.path(), "c", &["serving"])]);
        let error = environment.lab("serving").unwrap_err();
        assert!(error.hints()[0].ends_with("c/serving or builtin/serving"), "{:?}", error.hints());
        let error = environment.lab("d/serving").unwrap_err();
        assert!(error.to_string().contains("pack") && error.exit() == crate::error::Exit::Usage);
    }

    #[test]
    fn packs_of_the_environment_are_separated_as_in_path() {
        let here = Path::new("/here");
        let paths = Sources::environment(Some("/a:b::".into()), here);
        assert_eq!(paths, [PathBuf::from("/a"), PathBuf::from("/here/b")]);
        assert!(Sources::environment(None, here).is_empty());
    }
}
