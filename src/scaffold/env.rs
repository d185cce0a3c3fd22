//! The `.env` files of a project in an update. They are the learner's, hold secrets and have no
//! pristine copy: only lines that nobody has touched follow a changed answer, and lines that are
//! missing are added. Pure.

use std::collections::BTreeMap;

use crate::catalog::tree::{File, Tree};
use crate::dotenv::{self, Document, Problem};

/// What an update does to a `.env`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renewed {
    /// The new file, when there is anything to change.
    pub file: Option<File>,
    /// The names of the lines that are new or have another value.
    pub changed: Vec<String>,
    /// Names that another answer is for now, in lines that the learner has changed: those stay.
    pub kept: Vec<String>,
}

/// The secrets that the project's `.env` files hold, by variable, from the templates in which they
/// are holes.
pub fn secrets(templates: &Tree, disk: &Tree) -> BTreeMap<String, String> {
    let pairs = templates.iter().filter_map(|(path, template)| {
        Some((Document::parse(text(template)).ok()?, Document::parse(text(disk.get(path)?)).ok()?))
    });
    pairs.flat_map(|(template, own)| dotenv::secrets(&template, &own)).collect()
}

/// A `.env` after an update. `old` is what the new template gives for the old answers, `new` what
/// it gives for the new ones.
///
/// # Errors
/// The first line of the learner's file that is none.
pub fn renew(old: &File, mine: Option<&File>, new: &File) -> Result<Renewed, Problem> {
    let (old, wanted) = (Document::parse(text(old))?, Document::parse(text(new))?);
    let names = || wanted.names().into_iter().map(str::to_owned);
    let Some(mine) = mine else {
        return Ok(Renewed {
            file: Some(new.clone()),
            changed: names().collect(),
            kept: Vec::new(),
        });
    };
    let before = Document::parse(text(mine))?;
    let mut own = before.clone();
    let mut renewed = Renewed::default();
    for name in names() {
        let next = wanted.constant(&name);
        let now = own.constant(&name);
        let edited = if !own.mentions(&name) {
            own.and(&name, &wanted)
        } else if next == now || next == old.constant(&name) {
            continue;
        } else if now == old.constant(&name) {
            // Nobody has touched it, and the answer is another: it follows.
            next.and_then(|next| own.with(&name, &next))
        } else {
            None
        };
        match edited {
            Some(edited) => {
                own = edited;
                renewed.changed.push(name);
            }
            None => renewed.kept.push(name),
        }
    }
    if own != before {
        renewed.file =
            Some(File { bytes: own.text().as_bytes().to_vec(), executable: mine.executable });
    }
    Ok(renewed)
}

fn text(file: &File) -> String {
    String::from_utf8_lossy(&file.bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File::new(text.as_bytes().to_vec())
    }

    fn renewed(old: &str, mine: &str, new: &str) -> (Option<String>, Vec<String>, Vec<String>) {
        let Renewed { file, changed, kept } =
            renew(&file(old), Some(&file(mine)), &file(new)).unwrap();
        (file.map(|file| text(&file)), changed, kept)
    }

    #[test]
    fn only_untouched_lines_follow_and_missing_ones_are_added() {
        let (old, new) = ("PORT=8080\nDRAIN=0\nKEY=abc\n", "PORT=9000\nDRAIN=2\nKEY=abc\nNEW=x\n");
        let (after, changed, kept) =
            renewed(old, "# mine\nPORT=8080\nDRAIN=5\nKEY=abc\nOWN=1\n", new);
        assert_eq!(after.unwrap(), "# mine\nPORT=9000\nDRAIN=5\nKEY=abc\nOWN=1\nNEW=x\n");
        assert_eq!(
            (changed, kept),
            (vec!["PORT".to_owned(), "NEW".to_owned()], vec!["DRAIN".to_owned()])
        );
        assert_eq!(renewed(old, "PORT=1\nDRAIN=0\nKEY=x\n", old), (None, vec![], vec![]));
        assert_eq!(renew(&file(old), None, &file(new)).unwrap().file, Some(file(new)));
    }

    #[test]
    fn a_line_is_known_however_it_is_written_and_never_added_again() {
        for (mine, wanted) in [
            ("PORT=8080   # mine\r\n", Some("PORT=9001   # mine\r\n")),
            ("export PORT=8080\n", Some("export PORT=9001\n")),
            ("PORT=\"8080\"\n", Some("PORT=\"9001\"\n")),
            ("PORT: 8080", Some("PORT: 9001")),
            ("export PORT=9999\n", None),
            ("PORT\n", None),
            ("PORT=${MINE:-8080}\n", None),
        ] {
            let (file, _, kept) = renewed("PORT=8080\n", mine, "PORT=9001\n");
            assert_eq!(file.as_deref(), wanted, "{mine}");
            assert_eq!(kept.is_empty(), wanted.is_some(), "{mine}");
        }
        assert!(
            renew(&file(""), Some(&file("A=1\nno way\n")), &file(""))
                .is_err_and(|problem| problem.line == 2)
        );
    }
}
