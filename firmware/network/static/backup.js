// Shows how far a backup or a restore is, and loads the page anew when something else is so.
"use strict";

const EVERY_MS = 1500;

const job = document.getElementById("job");

function look() {
  fetch("/api/v1/backup", { cache: "no-store" }).then((answer) => {
    if (answer.status === 401) window.location.reload(); // a restore put everybody out
    return answer.ok ? answer.json() : null; // else the controller does not say: it may be starting again
  }).then((state) => {
    const now = state?.job ?? null;
    if (state !== null && (now === null ? "" : `${now.kind} ${now.stage}`) !== job.dataset.job) {
      window.location.reload();
      return;
    }
    if (now !== null && now.total > 0) {
      const progress = document.getElementById("progress");
      progress.max = now.total;
      progress.value = now.done;
    }
    window.setTimeout(look, EVERY_MS);
  }).catch(() => window.setTimeout(look, EVERY_MS)); // the controller, or this page's server, starts again
}

if (job !== null) window.setTimeout(look, EVERY_MS);
