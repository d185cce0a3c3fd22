//! `cluster status`: whether there is a cluster of ours, whether it answers, what is in it.

use serde::Serialize;

use super::plan::Facts;
use super::record::Record;
use super::tool::Tool;
use super::{NAME, probe};
use crate::error::{Error, Result};

/// What is known of the cluster.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Its name.
    pub name: &'static str,
    /// Whether the cluster that we made is there.
    pub there: bool,
    /// What made it.
    pub tool: Option<Tool>,
    /// Its context.
    pub context: Option<&'static str>,
    /// The address of its API server, by the kubeconfig.
    pub server: Option<String>,
    /// The version that its API server answers.
    pub kubernetes: Option<String>,
    /// Why it does not answer.
    pub trouble: Option<String>,
    /// The namespaces of labs.
    pub namespaces: Vec<Namespace>,
    /// Tools with a cluster of this name that we did not make.
    pub others: Vec<Tool>,
}

/// A namespace that a lab made.
#[derive(Debug, Serialize)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// The lab's project.
    pub project: String,
}

/// Probes the cluster. One that is not ours is not contacted.
///
/// # Errors
/// Exit 3 when the tool does not answer, or kubectl cannot be run.
pub fn status() -> Result<Status> {
    let mut status = Status {
        name: NAME,
        there: false,
        tool: None,
        context: None,
        server: None,
        kubernetes: None,
        trouble: None,
        namespaces: Vec::new(),
        others: Vec::new(),
    };
    let Some(record) = Record::load()? else {
        status.others = probe::others()?;
        return Ok(status);
    };
    let tool = record.tool;
    let there = probe::has_cluster(tool)?;
    let containers = if there { probe::containers(tool)? } else { Vec::new() };
    let facts = Facts { record: Some(&record), there, containers: &containers, answers: false };
    if !facts.ours() {
        status.others.extend(there.then_some(tool));
        return Ok(status);
    }
    status.there = true;
    status.tool = Some(tool);
    status.context = Some(tool.context());
    status.server = probe::server(tool);
    if !record.made {
        status.trouble = Some("it is being made, or the run that made it was killed".to_owned());
        return Ok(status);
    }
    let with_doctor =
        |error: Error| error.hint("see what is missing: mlops-lab doctor --only kubectl");
    match probe::version(tool).map_err(with_doctor)? {
        Ok(version) => status.kubernetes = Some(version),
        Err(why) => status.trouble = Some(why),
    }
    if status.kubernetes.is_some() {
        match probe::namespaces(tool)? {
            Ok(found) => {
                let named = found.into_iter();
                status.namespaces =
                    named.map(|(name, project)| Namespace { name, project }).collect();
            }
            Err(why) => status.trouble = Some(why),
        }
    }
    Ok(status)
}
