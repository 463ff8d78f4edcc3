/* Loaded only for visitors who agreed: what they browse, in batches, under a random token that lives a day in one tab. */
(function () {
  "use strict";

  // The browser's own no stands above a yes of another day.
  if (navigator.globalPrivacyControl || navigator.doNotTrack === "1" || !navigator.sendBeacon) return;
  var address = document.currentScript.dataset.to;
  var waiting = [];

  function visitor() {
    var today = new Date().toISOString().slice(0, 10);
    var kept = (sessionStorage.getItem("browsing") || "").split(" ");
    if (kept[0] !== today) {
      var bytes = crypto.getRandomValues(new Uint8Array(16));
      kept = [today, Array.from(bytes, function (byte) { return ("0" + byte.toString(16)).slice(-2); }).join("")];
      sessionStorage.setItem("browsing", kept.join(" "));
    }
    return kept[1];
  }

  function send() {
    while (waiting.length) {
      var report = { visitor: visitor(), events: waiting.splice(0, 50) };
      navigator.sendBeacon(address, new Blob([JSON.stringify(report)], { type: "application/json" }));
    }
  }

  function place(element, fields) {
    return Object.assign({ restaurant: Number(element.dataset.restaurant), zone: element.dataset.zone || "" }, fields);
  }

  function searched() {
    var form = document.querySelector("form.finder");
    if (!form) return;
    function chosen(name) { return form.elements.namedItem(name) ? form.elements.namedItem(name).value : ""; }
    // The words stay here: people type names and addresses into a search.
    waiting.push({
      type: "searched", found: document.querySelectorAll("#restaurants .place").length,
      zone: chosen("zone"), cuisine: chosen("cuisine")
    });
  }

  function begin() {
    var menu = document.querySelector("[data-browse=menu]");
    if (menu) waiting.push(place(menu, { type: "menu_seen" }));
    if (document.querySelector("form.finder") && /[?&](words|zone|cuisine)=[^&]/.test(window.location.search)) searched();
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    var menu = form.closest("[data-browse=menu]");
    // By name: a form's `elements.item` is a function of the list itself.
    var item = form.querySelector("[name=item]");
    if (menu && item) {
      var quantity = form.elements.namedItem("quantity") ? Number(form.elements.namedItem("quantity").value) : 1;
      waiting.push(place(menu, { type: "put_in", item: Number(item.value), quantity: Math.max(1, quantity || 1) }));
    }
    var basket = form.closest("[data-browse=basket]");
    var line = form.closest("[data-item]");
    if (basket && line && event.submitter && event.submitter.name === "quantity") {
      var shown = line.querySelector("output");
      if (!shown || Number(event.submitter.value) < Number(shown.textContent)) {
        waiting.push(place(basket, { type: "taken_out", item: Number(line.dataset.item) }));
      }
    }
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target.id === "restaurants") searched();
  });
  document.addEventListener("visibilitychange", function () { if (document.visibilityState === "hidden") send(); });
  window.addEventListener("pagehide", send);
  window.setInterval(send, 10000);
  begin();
})();
