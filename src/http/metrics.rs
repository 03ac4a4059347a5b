//! `/metrics`: counters in the Prometheus text format. No names and no ids in it, since anyone may read it.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::HttpResponse;

use super::call::OpenCall;
use super::problem::Problem;

/// Upper bounds of the histogram's buckets, in microseconds.
const BUCKETS_US: [u64; 12] =
    [100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// What is counted of requests.
#[derive(Debug, Default)]
pub struct Metrics {
    /// By the first digit of the status.
    statuses: [AtomicU64; 6],
    buckets: [AtomicU64; BUCKETS_US.len()],
    count: AtomicU64,
    sum_us: AtomicU64,
}

impl Metrics {
    pub fn request(&self, status: u16, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(class) = self.statuses.get(usize::from(status / 100)) {
            class.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(bucket) =
            BUCKETS_US.iter().position(|bound| us <= *bound).and_then(|n| self.buckets.get(n))
        {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    fn write(&self, out: &mut String) {
        head(out, "undb_http_requests_total", "counter", "Requests answered, by class of status.");
        for (class, count) in self.statuses.iter().enumerate().skip(1) {
            let count = count.load(Ordering::Relaxed);
            let _ = writeln!(out, "undb_http_requests_total{{status=\"{class}xx\"}} {count}");
        }
        let name = "undb_http_request_duration_seconds";
        head(out, name, "histogram", "Time from a request's head to its answer.");
        let mut below = 0;
        for (bound, bucket) in BUCKETS_US.iter().zip(&self.buckets) {
            below += bucket.load(Ordering::Relaxed);
            let _ = writeln!(out, "{name}_bucket{{le=\"{}\"}} {below}", seconds(*bound));
        }
        let (count, sum) = (self.count.load(Ordering::Relaxed), self.sum_us.load(Ordering::Relaxed));
        let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(out, "{name}_sum {}\n{name}_count {count}", seconds(sum));
    }
}

#[expect(clippy::cast_precision_loss, reason = "a duration for people and graphs")]
fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// Figures for Prometheus
///
/// Counters and gauges in the Prometheus text format: requests by status and duration, commits, flushes, snapshots and
/// the size of the database. There are no names and no ids in it.
#[utoipa::path(
    get, path = "/metrics", operation_id = "metricsGet", tag = "server",
    responses((status = 200, description = "The figures.", body = String, content_type = "text/plain; version=0.0.4; charset=utf-8"))
)]
pub async fn metrics_get(call: OpenCall) -> Result<HttpResponse, Problem> {
    let mut out = String::with_capacity(4096);
    super::call::shared(&call.request)?.metrics.write(&mut out);
    let stats = call.core.engine.stats();
    for (name, kind, help, value) in [
        ("undb_commits_total", "counter", "Commits acknowledged.", stats.commits),
        (
            "undb_flushes_total",
            "counter",
            "Flushes to the disk, on PostgreSQL transactions, each of which covered one commit or more.",
            stats.flushes,
        ),
        ("undb_reruns_total", "counter", "Transactions run again.", stats.reruns),
        (
            "undb_lock_waits_total",
            "counter",
            "Groups of transactions that waited for another process to write.",
            stats.lock_waits,
        ),
        ("undb_round_trips_total", "counter", "Round trips to a database over a network.", stats.round_trips),
        ("undb_connections_used", "gauge", "Connections to it that snapshots hold.", stats.connections_used),
        ("undb_snapshots", "gauge", "Snapshots open now.", stats.snapshots),
        ("undb_history_bytes", "gauge", "Bytes of old values kept for open snapshots.", stats.history_bytes),
        ("undb_disk_bytes", "gauge", "Bytes of the database on the disk.", stats.disk_bytes),
        (
            "undb_disk_free_bytes",
            "gauge",
            "Bytes that are free on its disk; 0 if that can't be known.",
            stats.disk_free_bytes.unwrap_or(0),
        ),
        (
            "undb_columns_bytes",
            "gauge",
            "Bytes of columns held in memory.",
            call.core.columns.memory() as u64,
        ),
        (
            "undb_jobs_runner",
            "gauge",
            "Whether this process runs the jobs that one is enough for, such as sweeping.",
            u64::from(call.core.lease.is_held()),
        ),
        (
            "undb_writable",
            "gauge",
            "Whether writes are taken.",
            u64::from(call.core.engine.writable().is_ok()),
        ),
    ] {
        head(&mut out, name, kind, help);
        let _ = writeln!(out, "{name} {value}");
    }
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(out))
}
