// While a proof of the journal runs, shows how far it is by loading the page again. Without script the browser does.
"use strict";

const AGAIN_MS = 3000;

if (document.getElementById("progress") !== null) window.setTimeout(() => window.location.reload(), AGAIN_MS);
