//! The ports of a lab: which of its variables answers for one, and where `.env` names another than
//! the lab was made with.

use super::Workspace;
use crate::catalog::manifest::VarKind;
use crate::dotenv::Document;
use crate::error::Result;

/// A line of `.env` with another port than the lab's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedPort {
    /// The variable of `.env`.
    pub name: String,
    /// What it says there.
    pub value: String,
    /// The variable of the lab.
    pub variable: String,
    /// The lab's answer.
    pub port: u16,
}

impl Workspace {
    /// The lab's variable whose answer is this port; none where no one variable is.
    pub fn port_variable(&self, port: u16) -> Option<String> {
        one(&self.port_answers(), &port.to_string()).map(str::to_owned)
    }

    /// The first line of `.env` with another port than the one that the lab's manifest, its compose
    /// file and its checks have: changed there, it changes only a part of the lab.
    ///
    /// # Errors
    /// Exit 2 for a broken `.env`; exit 3 when it cannot be read.
    pub fn moved_port(&self) -> Result<Option<MovedPort>> {
        let Some(own) = self.dotenv()? else { return Ok(None) };
        let answers = self.port_answers();
        let templates = self.dotenvs()?;
        let template = templates.iter().find(|(path, _)| path.as_str() == ".env");
        let text = template.map(|(_, file)| String::from_utf8_lossy(&file.bytes).into_owned());
        Ok(text.and_then(|text| moved(&Document::parse(text).ok()?, &own, &answers)))
    }

    /// The lab's answers that are ports, by variable.
    fn port_answers(&self) -> Vec<(String, String)> {
        let ports = self.manifest.vars.iter().filter(|(_, var)| var.kind == VarKind::Port);
        ports
            .filter_map(|(name, _)| {
                Some((name.clone(), self.record.answers.get(name)?.to_string()))
            })
            .collect()
    }
}

/// The one variable with this answer.
fn one<'a>(answers: &'a [(String, String)], value: &str) -> Option<&'a str> {
    let mut fitting = answers.iter().filter(|(_, answer)| answer == value);
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first.0.as_str())
}

/// The template says which line of `.env` came from which answer: it holds the answer's value.
fn moved(template: &Document, own: &Document, answers: &[(String, String)]) -> Option<MovedPort> {
    template.names().into_iter().find_map(|name| {
        let pristine = template.constant(name)?;
        let variable = one(answers, &pristine)?;
        let value = own.constant(name).filter(|value| *value != pristine)?;
        Some(MovedPort {
            name: name.to_owned(),
            value,
            variable: variable.to_owned(),
            port: pristine.parse().ok()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_port_that_was_changed_in_dotenv_alone_is_found_with_the_lab_s_variable() {
        let template = Document::parse("LISTEN=8080\nMETRICS=9090\nDRAIN=5\n").unwrap();
        let lab = answers(&[("http", "8080"), ("metrics", "9090")]);
        let own =
            Document::parse("# mine\nexport LISTEN=8081 # why\nMETRICS=9090\nDRAIN=7\n").unwrap();
        let found = moved(&template, &own, &lab).unwrap();
        assert_eq!((found.name.as_str(), found.value.as_str()), ("LISTEN", "8081"));
        assert_eq!((found.variable.as_str(), found.port), ("http", 8080));
        assert_eq!(moved(&template, &template, &lab), None);
    }

    #[test]
    fn two_variables_with_one_answer_name_none() {
        let template = Document::parse("LISTEN=8080\n").unwrap();
        let own = Document::parse("LISTEN=8081\n").unwrap();
        assert_eq!(moved(&template, &own, &answers(&[("a", "8080"), ("b", "8080")])), None);
        assert_eq!(one(&answers(&[("a", "8080"), ("b", "9")]), "8080"), Some("a"));
    }
}
