/* The page without a connection: the orders that were in hand, the next press of each, and what waits to be sent. */
(function () {
  "use strict";

  var queue = window.forkroadQueue;
  var known = queue.jobs();
  var holder = document.getElementById("jobs");

  function show() {
    if (!known) return;
    queue.list(document.getElementById("away"), known.courier);
    holder.querySelectorAll("[data-job]").forEach(function (card) {
      queue.dress(card, known.courier, card.dataset.status, true);
    });
  }

  (known ? known.jobs : []).forEach(function (job) {
    var card = document.getElementById("job").content.cloneNode(true).firstElementChild;
    card.dataset.job = job.order;
    card.dataset.number = job.number;
    card.dataset.status = job.status;
    ["number", "shop", "door", "note"].forEach(function (name) {
      card.querySelector("[data-fill=" + name + "]").textContent = job[name];
    });
    if (job.code) {
      card.querySelector("[data-code-field]").hidden = false;
      card.querySelector("input").required = true;
    }
    card.addEventListener("submit", function (event) {
      event.preventDefault();
      var code = event.target.querySelector("input");
      queue.add(known.courier, job.order, job.number, event.target.dataset.press, code ? code.value : "");
    });
    holder.append(card);
  });
  document.getElementById("no-jobs").hidden = holder.children.length > 0;
  queue.listen(show);
  show();

  // Back as soon as anything answers; the real page sends what waits.
  function knock() {
    // Called by its own address it is only looked at.
    if (window.location.pathname.endsWith("/no-connection")) return;
    window.fetch("/healthz", { cache: "no-store" }).then(function () { window.location.reload(); }, function () {});
  }
  document.getElementById("again").addEventListener("click", function () { window.location.reload(); });
  window.addEventListener("online", knock);
  window.setInterval(knock, 5000);
})();
