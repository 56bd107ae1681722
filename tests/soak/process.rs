//! What this process uses.

/// Read from `/proc`.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Bytes that are resident.
    pub memory: f64,
    /// Threads.
    pub threads: f64,
    /// Open files.
    pub files: f64,
}

impl Usage {
    pub fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let number = |key: &str| -> f64 {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(key))
                .unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        Self {
            memory: 1024.0 * number("VmRSS:"),
            threads: number("Threads:"),
            files: std::fs::read_dir("/proc/self/fd").unwrap().count() as f64,
        }
    }

    /// The least of the first third of `usages`, or of the last: what is there between two pipelines
    /// is left out.
    pub fn least(usages: &[Self], first: bool) -> Self {
        let third = usages.len().div_ceil(3);
        let part = match first {
            true => &usages[..third],
            false => &usages[usages.len() - third..],
        };
        let least = |number: fn(&Self) -> f64| part.iter().map(number).fold(f64::MAX, f64::min);
        Self {
            memory: least(|usage| usage.memory),
            threads: least(|usage| usage.threads),
            files: least(|usage| usage.files),
        }
    }
}
