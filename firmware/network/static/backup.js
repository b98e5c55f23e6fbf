// Shows how far a backup or a restore is, and loads the page anew when something else is so.
"use strict";

const EVERY_MS = 1500;

const job = document.getElementById("job");

function look() {
  fetch("/backup/state", { cache: "no-store" }).then((answer) => {
    if (answer.status === 401) window.location.reload(); // a restore put everybody out
    return answer.ok ? answer.json() : null;
  }).then((state) => {
    if (state !== null && state.known && state.job !== job.dataset.job) {
      window.location.reload();
      return;
    }
    if (state !== null && state.total > 0) {
      const progress = document.getElementById("progress");
      progress.max = state.total;
      progress.value = state.done;
    }
    window.setTimeout(look, EVERY_MS);
  }).catch(() => window.setTimeout(look, EVERY_MS)); // the controller, or this page's server, starts again
}

if (job !== null) window.setTimeout(look, EVERY_MS);
