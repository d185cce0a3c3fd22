//! Where labs come from: the trees embedded in this binary, or a pack on disk with the same two
//! trees.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Lab;
use super::embedded;
use super::lint::Finding;
use super::pack::{self, Pack};
use super::parse;
use super::tree::RelPath;
use super::units::Version;
use crate::error::{Error, Result, unknown};
use crate::layout;
use crate::platform::fs;

/// Files by path with `/`, below some folder of a pack.
pub type Files = BTreeMap<String, Cow<'static, [u8]>>;

/// A place that labs come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The labs in this binary.
    Embedded,
    /// A folder with `labs/` and `templates/`.
    Pack(PathBuf),
}

impl Source {
    /// The ids of the labs: in the order of `labs/index.toml` where there is one, the rest by name.
    ///
    /// # Errors
    /// Exit 2 when a pack is none, or is not for this program.
    pub fn ids(&self) -> Result<Vec<String>> {
        self.pack()?;
        let mut ids = match self {
            Source::Embedded => embedded::folders("labs/").into_iter().map(str::to_owned).collect(),
            Source::Pack(root) => {
                fs::folders(&root.join("labs")).map_err(|error| not_a_pack(root).because(error))?
            }
        };
        ids.retain(|id| self.has(&format!("labs/{id}/lab.toml")));
        let order = self.index()?;
        let rank = |id: &String| order.iter().position(|listed| listed == id).unwrap_or(usize::MAX);
        ids.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
        Ok(ids)
    }

    /// What the pack says of itself; none for the built-in labs, and where there is no `pack.toml`.
    ///
    /// # Errors
    /// Exit 2 when it cannot be read, or is not for this program.
    pub fn pack(&self) -> Result<Option<Pack>> {
        match self.pack_text()? {
            None => Ok(None),
            Some(text) => pack::pack(&text, &self.describe(pack::FILE)).map(Some),
        }
    }

    /// Why the pack's `pack.toml` cannot be used, if it cannot.
    ///
    /// # Errors
    /// Exit 2 or 3 when it is not even text.
    pub fn pack_problem(&self) -> Result<Option<Finding>> {
        let Some(text) = self.pack_text()? else { return Ok(None) };
        let problem = pack::read(&text, &self.describe(pack::FILE)).err();
        Ok(problem.map(|(problem, _)| Finding { problem, text, rule: pack::RULE }))
    }

    fn pack_text(&self) -> Result<Option<String>> {
        let Source::Pack(root) = self else { return Ok(None) };
        let Some(bytes) = fs::read_optional(&root.join(pack::FILE))? else { return Ok(None) };
        let shown = self.describe(pack::FILE);
        let text = String::from_utf8(bytes)
            .map_err(|error| Error::usage(format!("{shown} is not UTF-8")).because(error))?;
        Ok(Some(text))
    }

    /// What the source is called before a lab's id: a pack without `pack.toml` as its folder.
    ///
    /// # Errors
    /// As [`Source::pack`].
    pub fn name(&self) -> Result<String> {
        let Source::Pack(root) = self else { return Ok(pack::BUILTIN.to_owned()) };
        if let Some(pack) = self.pack()? {
            return Ok(pack.name);
        }
        let real = root.canonicalize().unwrap_or_else(|_| root.clone());
        Ok(real.file_name().unwrap_or_default().to_string_lossy().into_owned())
    }

    /// Whether there is a pack at all.
    pub fn is_there(&self) -> bool {
        match self {
            Source::Embedded => true,
            Source::Pack(root) => root.join("labs").is_dir(),
        }
    }

    /// Whether there is a lab with this id, readable or not.
    pub fn has_lab(&self, id: &str) -> bool {
        RelPath::new(id).is_ok() && !id.contains('/') && self.has(&format!("labs/{id}/lab.toml"))
    }

    /// The lab with this id.
    ///
    /// # Errors
    /// Exit 2: no such lab (with the nearest name), or a manifest that does not parse (with line
    /// and column).
    pub fn lab(&self, id: &str) -> Result<Lab> {
        let ids = self.ids()?;
        if !ids.iter().any(|known| known == id) {
            return Err(unknown("lab", id, ids.iter().map(String::as_str))
                .hint("see them all: mlops-lab list"));
        }
        let own = self.files(&format!("labs/{id}"))?;
        let file = self.describe(&format!("labs/{id}/lab.toml"));
        let text = text(&own, "lab.toml", &file)?;
        let manifest = parse::manifest(&text, &file)?;
        let (mut knowledge, mut template) = (Files::new(), Files::new());
        for (number, pack) in manifest.shared.iter().enumerate() {
            // A name, never a way out of the pack.
            if let Err(message) = RelPath::new(pack.as_str()) {
                let span = parse::locate(&text, &["shared".into(), number.into()]);
                let problem = parse::Problem { file, span, message };
                return Err(Error::usage(format!("{}: {}", problem.place(&text), problem.message)));
            }
            let trees = [&mut knowledge, &mut template].into_iter().zip(["labs", "templates"]);
            let mut empty = true;
            for (tree, top) in trees {
                let files = self.files(&format!("{top}/_shared/{pack}"))?;
                empty &= files.is_empty();
                tree.extend(files);
            }
            if empty {
                return Err(Error::usage(format!(
                    "{file}: there is no shared pack `{pack}`, neither labs/_shared/{pack} nor \
                    templates/_shared/{pack}"
                )));
            }
        }
        knowledge.extend(own);
        template.extend(self.files(&format!("templates/{id}"))?);
        Ok(Lab { source: self.clone(), manifest, text, file, knowledge, template })
    }

    /// Why the manifest of this lab cannot be read, all of it; nothing when it can, or is not
    /// there.
    pub fn unparsed(&self, id: &str) -> Vec<Finding> {
        let file = self.describe(&format!("labs/{id}/lab.toml"));
        let files = self.files(&format!("labs/{id}")).unwrap_or_default();
        let Ok(text) = text(&files, "lab.toml", &file) else { return Vec::new() };
        let finding = |problem| Finding { problem, text: text.clone(), rule: parse::RULE };
        parse::problems(&text, &file).into_iter().map(finding).collect()
    }

    /// The path of a file of this source as the user can find it.
    pub fn describe(&self, path: &str) -> String {
        match self {
            Source::Embedded => path.to_owned(),
            Source::Pack(root) => root.join(path).display().to_string(),
        }
    }

    fn has(&self, path: &str) -> bool {
        match self {
            Source::Embedded => embedded::file(path).is_some(),
            Source::Pack(root) => root.join(path).is_file(),
        }
    }

    fn index(&self) -> Result<Vec<String>> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Index {
            stage: Vec<Stage>,
        }
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Stage {
            #[allow(
                dead_code,
                reason = "shown by `list` once there is more than one stage; read here to hold \
                    the format"
            )]
            name: String,
            labs: Vec<String>,
        }
        let bytes = match self {
            Source::Embedded => embedded::file("labs/index.toml").map(<[u8]>::to_vec),
            Source::Pack(root) => fs::read_optional(&root.join("labs/index.toml"))?,
        };
        let Some(bytes) = bytes else { return Ok(Vec::new()) };
        let file = self.describe("labs/index.toml");
        let text = String::from_utf8(bytes)
            .map_err(|error| Error::usage(format!("{file} is not UTF-8")).because(error))?;
        let index: Index = toml::from_str(&text)
            .map_err(|error| Error::usage(format!("{file}: {}", error.message())))?;
        Ok(index.stage.into_iter().flat_map(|stage| stage.labs).collect())
    }

    /// All files below a folder of the source, links refused.
    fn files(&self, folder: &str) -> Result<Files> {
        match self {
            Source::Embedded => {
                let folder = format!("{folder}/");
                Ok(embedded::below(&folder)
                    .map(|(path, bytes)| (path.to_owned(), Cow::Borrowed(bytes)))
                    .collect())
            }
            Source::Pack(root) => {
                let found = fs::walk(&root.join(folder))?;
                Ok(found.into_iter().map(|(path, bytes)| (path, Cow::Owned(bytes))).collect())
            }
        }
    }
}

/// How the lab of the skeleton is called.
const NEW: &str = "new-lab";

/// The port of the skeleton.
pub const PORT: u16 = 8095;

/// The files of a small lab with this id and default port, by path in a pack: `labs/<id>/...` and
/// `templates/<id>/...`.
pub fn skeleton(id: &str, port: u16) -> Files {
    let files = Source::Embedded.files("templates/_skeleton").unwrap_or_default();
    let named = |bytes: Cow<'static, [u8]>| match std::str::from_utf8(&bytes) {
        Ok(text) => Cow::Owned(
            text.replace(NEW, id).replace(&PORT.to_string(), &port.to_string()).into_bytes(),
        ),
        Err(_) => bytes,
    };
    files.into_iter().map(|(path, bytes)| (path.replace(NEW, id), named(bytes))).collect()
}

/// The `pack.toml` of a new pack in this folder.
pub fn new_pack(root: &Path) -> String {
    let folder = root.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = folder.chars().map(plain).collect();
    let name = match name.trim_matches('-') {
        "" | pack::BUILTIN => "my-labs",
        name => name,
    };
    let [major, minor, _] = Version::find(env!("CARGO_PKG_VERSION")).map_or([0; 3], |v| v.numbers);
    format!(
        "name = \"{name}\"\nversion = \"0.1.0\"\nmlops-lab = \">={major}.{minor}\"\n\
         # source = \"https://...\"   # where others get it\n"
    )
}

/// The text of one file of a lab.
pub fn text(files: &Files, path: &str, shown: &str) -> Result<String> {
    let bytes = files.get(path).ok_or_else(|| Error::usage(format!("{shown} does not exist")))?;
    String::from_utf8(bytes.to_vec())
        .map_err(|error| Error::usage(format!("{shown} is not UTF-8")).because(error))
}

fn not_a_pack(root: &Path) -> Error {
    Error::usage(format!("{} is not a pack: it has no folder `labs`", root.display()))
        .hint("a pack is a folder with labs/<id>/lab.toml and templates/<id>/")
        .hint(format!("packs are named by --pack DIR and by {}", layout::PACKS))
}
