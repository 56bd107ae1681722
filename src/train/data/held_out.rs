//! Which pictures a training never sees.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Every so many groups one is held out.
const STRIDE: usize = 20;

/// Rule by which pictures are held out, from their names alone: the same pictures in every run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeldOut {
    /// Pictures whose file names start with one of these: whole sources. Without any it is every
    /// 20th.
    pub held_out: Vec<String>,
    /// Pictures whose file names are alike up to the last such text show the same person or are of
    /// the same source: they stay together. Without it each picture is for itself.
    pub group_by: Option<String>,
}

impl HeldOut {
    /// Whether each picture is held out. `names` may be paths, in their order.
    pub fn choose(&self, names: &[&str]) -> Vec<bool> {
        let file = |name: &'_ str| name.rsplit('/').next().unwrap_or(name).to_owned();
        if !self.held_out.is_empty() {
            let held_out = |name: &&str| {
                self.held_out
                    .iter()
                    .any(|p| file(name).starts_with(p.as_str()))
            };
            return names.iter().map(held_out).collect();
        }
        let mut groups = BTreeMap::new();
        let numbers: Vec<usize> = names
            .iter()
            .map(|name| {
                let group = self.group(name);
                let next = groups.len();
                *groups.entry(group).or_insert(next)
            })
            .collect();
        // With fewer groups than one in twenty the last is the one.
        let stride = STRIDE.min(groups.len()).max(1);
        numbers
            .into_iter()
            .map(|number| number % stride == stride - 1)
            .collect()
    }

    /// What pictures that stay together have in common.
    fn group<'a>(&self, name: &'a str) -> &'a str {
        let separator = self.group_by.as_deref().filter(|text| !text.is_empty());
        separator
            .and_then(|text| name.rsplit_once(text))
            .map_or(name, |(group, _)| group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(rule: &HeldOut, names: &[String]) -> Vec<String> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let apart = rule.choose(&names);
        (names.iter().zip(apart))
            .filter(|(_, apart)| *apart)
            .map(|(name, _)| (*name).to_owned())
            .collect()
    }

    #[test]
    fn every_twentieth_picture() {
        let names: Vec<String> = (0..45).map(|i| format!("p{i:02}.png")).collect();
        assert_eq!(chosen(&HeldOut::default(), &names), ["p19.png", "p39.png"]);
    }

    #[test]
    fn persons_and_sources_stay_whole() {
        let names: Vec<String> = (0..90)
            .map(|i| format!("d/n{:02}_{}.png", i / 3, i % 3))
            .collect();
        let rule = HeldOut {
            group_by: Some("_".into()),
            ..HeldOut::default()
        };
        assert_eq!(
            chosen(&rule, &names),
            ["d/n19_0.png", "d/n19_1.png", "d/n19_2.png"]
        );
        let rule = HeldOut {
            held_out: vec!["n01".into()],
            ..HeldOut::default()
        };
        assert_eq!(chosen(&rule, &names).len(), 3);
        let few = ["a_1", "a_2", "b_1"].map(String::from);
        let rule = HeldOut {
            group_by: Some("_".into()),
            ..HeldOut::default()
        };
        assert_eq!(chosen(&rule, &few), ["b_1"]);
    }
}
