//! `.env` files that are missing, in a clone above all, made again from what the lab keeps of them:
//! templates in which secrets are holes.

use std::collections::BTreeMap;

use super::{Workspace, tree};
use crate::catalog::manifest::VarKind;
use crate::catalog::tree::{RelPath, Tree};
use crate::dotenv::{self, Document};
use crate::error::{Error, Result};
use crate::layout;
use crate::platform::fs::{Kind, Mode};
use crate::platform::inside;

/// What was made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The files.
    pub files: Vec<RelPath>,
    /// Whether there are passwords in them that nothing else has.
    pub secrets: bool,
}

impl Workspace {
    /// Makes `.env` files that are not there, for their owner alone, with the secrets that the
    /// others hold and new ones for the rest. None when nothing was missing.
    ///
    /// # Errors
    /// Exit 3 when one is missing and the lab has no templates: it was made by a version that kept
    /// none; or when one cannot be written.
    pub fn restore_dotenvs(&self) -> Result<Option<Restored>> {
        let templates = self.dotenvs()?;
        let missing = |path: &RelPath| {
            inside::kind(&self.root, path.as_str()).is_ok_and(|kind| kind == Kind::Missing)
        };
        if templates.is_empty() {
            return self.known_without_templates();
        }
        if !templates.keys().any(missing) {
            return Ok(None);
        }
        // Two runs at once would each make passwords of its own.
        let _lock = self.lock("up")?;
        let files: Vec<RelPath> = templates.keys().filter(|path| missing(path)).cloned().collect();
        let known = self.secrets_of(&templates)?;
        let mut secrets = known.clone();
        for (name, var) in self.manifest.vars.iter().filter(|(_, var)| var.kind == VarKind::Secret)
        {
            if !secrets.contains_key(name) {
                secrets.insert(name.clone(), var.new_secret()?);
            }
        }
        let mut new = false;
        for path in &files {
            let template = String::from_utf8_lossy(&templates[path].bytes).into_owned();
            new |= dotenv::fill(&template, &known) != dotenv::fill(&template, &secrets);
            let text = dotenv::fill(&template, &secrets);
            inside::create(&self.root, path.as_str(), text.as_bytes(), Mode::Private)
                .map_err(inside::cannot("write", &self.root, path.as_str()))?;
        }
        Ok(Some(Restored { files, secrets: new }).filter(|restored| !restored.files.is_empty()))
    }

    /// The templates by the paths of the files that they make.
    pub(super) fn dotenvs(&self) -> Result<Tree> {
        let kept = tree(&self.root, layout::DOTENVS)?;
        let own = |path: &RelPath| {
            let folder = path.as_str().strip_suffix("dot-env")?;
            RelPath::new(format!("{folder}.env")).ok()
        };
        Ok(kept.into_iter().filter_map(|(path, file)| Some((own(&path)?, file))).collect())
    }

    fn secrets_of(&self, templates: &Tree) -> Result<BTreeMap<String, String>> {
        let mut secrets = BTreeMap::new();
        for (path, template) in templates {
            let own = inside::read_optional(&self.root, path.as_str()).map_err(inside::cannot(
                "read",
                &self.root,
                path.as_str(),
            ))?;
            let Some(own) = own else { continue };
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            if let (Ok(template), Ok(own)) =
                (Document::parse(text(&template.bytes)), Document::parse(text(&own)))
            {
                secrets.extend(dotenv::secrets(&template, &own));
            }
        }
        Ok(secrets)
    }

    /// A lab of a version before: nothing is known of its `.env` but the example beside it.
    fn known_without_templates(&self) -> Result<Option<Restored>> {
        let kind = |name: &str| inside::kind(&self.root, name).unwrap_or(Kind::Missing);
        if kind(".env") != Kind::Missing || kind(".env.example") == Kind::Missing {
            return Ok(None);
        }
        Err(Error::environment(format!("there is no {}", self.root.join(".env").display()))
            .because("the lab was made by a version of mlops-lab that could not make it again")
            .hint("make it: mlops-lab update")
            .hint("or by hand: cp .env.example .env, and fill in what is empty"))
    }
}
