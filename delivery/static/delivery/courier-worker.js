/* Keeps the courier's page without a connection, and its few files, on the telephone. `KEPT` is written before this by
   the server. Nothing else is kept: what an offer, an order or money is, only the server knows. Web push has a worker of
   its own, below /notices/. */
"use strict";

const NAME = "forkroad-courier-" + KEPT.version;
/* A mast that is there and does not answer: after so many milliseconds of waiting the page is shown as without a net. */
const PATIENCE = 12000;

self.addEventListener("install", function (event) {
  event.waitUntil(
    caches.open(NAME).then(function (cache) {
      // Without cookies: what is kept is the same for everybody who uses this telephone.
      return cache.addAll([KEPT.page].concat(KEPT.files).map(function (address) {
        return new Request(address, { cache: "reload", credentials: "omit" });
      }));
    }).then(function () { return self.skipWaiting(); })
  );
});

self.addEventListener("activate", function (event) {
  event.waitUntil(
    caches.keys().then(function (names) {
      return Promise.all(names.filter(function (name) {
        return name.startsWith("forkroad-courier-") && name !== NAME;
      }).map(function (name) { return caches.delete(name); }));
    }).then(function () { return self.clients.claim(); })
  );
});

function kept(address) {
  return caches.open(NAME).then(function (cache) { return cache.match(address); });
}

function without(request) {
  return kept(KEPT.page).then(function (page) { return page || Response.error(); });
}

self.addEventListener("fetch", function (event) {
  const request = event.request;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate" && address.pathname === KEPT.start) {
    const slow = new Promise(function (resolve, reject) { setTimeout(reject, PATIENCE); });
    event.respondWith(Promise.race([fetch(request), slow]).catch(without));
  } else if (KEPT.files.includes(address.pathname)) {
    // From the net while there is one, so that no page is dressed in an older style than its own.
    event.respondWith(fetch(request).catch(function () {
      return kept(address.pathname).then(function (file) { return file || Response.error(); });
    }));
  }
});
