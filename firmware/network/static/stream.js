// One stream for all windows that a reader has open in a browser: it allows six connections to a gate, and windows with a
// stream each would leave none for an order. One window leads: it holds the stream and tells the others what comes.
"use strict";

// The server sends something every 5 s; two missed ones and the connection counts as lost.
const SILENCE_MS = 12000;
const PATIENCE_MS = 3000;  // how much longer a window waits for the one that leads
const ANSWER_MS = 2000;  // within this the one that leads answers a new window

// hear(name, data) is called for whatever comes, lost(why) with "lost" or "full" when nothing does any more.
function follow(address, names, hear, lost) {
  const shared = "BroadcastChannel" in window && navigator.locks !== undefined;  // not in old browsers: a stream each
  // What comes is in a reader's language, and of what somebody has asked: others have a stream of theirs.
  const reader = [document.documentElement.lang, document.body.dataset.person];
  const place = JSON.stringify(["menshen", address, ...reader, ...names]);
  const channel = shared ? new BroadcastChannel(place) : { postMessage: () => {} };
  const latest = new Map();  // what a window that is opened now has to know
  let source = null;  // of the window that leads
  let lead = null;  // its right to lead, with `end`
  let queueing = null;
  let silence = null;
  let heardAt = 0;

  function wait(patience = SILENCE_MS + PATIENCE_MS) {
    window.clearTimeout(silence);
    silence = source === null ? window.setTimeout(claim, patience) : window.setTimeout(again, SILENCE_MS);
  }

  function take(name, data) {
    heardAt = performance.now();
    wait();
    hear(name, data);
  }

  function fail() {
    channel.postMessage({ lost: true });
    lost("lost");
  }

  // A session that is over: the server answers every address with the page to log in.
  function reloadIfOver() {
    fetch("/api/v1/me", { method: "HEAD" }).then((answer) => {
      if (answer.status !== 401) return;
      channel.postMessage({ over: true });
      window.location.reload();
    }, () => {});
  }

  function open() {
    source = new EventSource(address);
    wait();
    for (const name of [...names, "beat"]) {
      source.addEventListener(name, (event) => {
        if (name !== "beat") latest.set(name, event.data);
        channel.postMessage({ news: [[name, event.data]] });
        take(name, event.data);
      });
    }
    source.addEventListener("full", () => {
      close();
      lost("full");
      if (lead !== null) lead.end();  // another window may try; this one goes on listening to it
    });
    source.onerror = () => {
      fail();
      // The browser gives up for good after a refusal; a server that restarts may refuse for a moment only.
      if (source.readyState === EventSource.CLOSED) reloadIfOver();
    };
  }

  function close() {
    window.clearTimeout(silence);
    if (source !== null) source.close();
    source = null;
  }

  function again() {
    fail();
    close();
    open();
  }

  function queue(options) {
    const right = {};
    navigator.locks.request(place, options, () => new Promise((end) => {
      queueing = null;
      right.end = end;
      lead = right;
      close();
      open();
    })).catch(() => {
      if (lead !== right) return;  // it was this window that no longer wished to wait
      lead = null;
      close();
      stand();
    });
  }

  function stand() {
    queueing = new AbortController();
    queue({ signal: queueing.signal });
    wait();
  }

  // Nothing comes: the window that leads may sleep in a pocket, or be stuck. One that is looked at takes the lead.
  function claim() {
    lost("lost");
    if (queueing === null || document.visibilityState !== "visible") return;
    queueing.abort();
    queue({ steal: true });
  }

  function told(message) {
    if (message.over) window.location.reload();
    else if (message.ask && source !== null) channel.postMessage({ news: [...latest] });
    else if (source !== null || message.ask) return;
    else if (message.lost) {
      wait();
      lost("lost");
    } else {
      wait();
      for (const [name, data] of message.news) take(name, data);
    }
  }

  // A window that was not looked at for long shows old states: it connects anew at once.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    if (source !== null && source.readyState !== EventSource.OPEN) again();
    else if (source === null && performance.now() - heardAt > SILENCE_MS) claim();
  });
  // One that the browser had put aside whole, and takes out again, has lost its place.
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });

  if (!shared) {
    open();
    return;
  }
  channel.onmessage = (event) => told(event.data);
  stand();
  wait(ANSWER_MS);
  channel.postMessage({ ask: true });
}
