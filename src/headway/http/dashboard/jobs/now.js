// Where a job stands, in a few words.

export function nowOf(job) {
  if (job.status === "pending") return job.waiting_for ? `waits for ${job.waiting_for}` : "waits for its turn";
  if (job.status === "running") return job.message || "has begun";
  return { completed: "done", failed: "failed", cancelled: "was cancelled" }[job.status];
}
