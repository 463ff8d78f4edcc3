/* A new order that cannot be missed: it is said, it rings, the phone shakes and the tab's title blinks until it is
   answered. What waits stands in #alarm, which the server renders; here is only the noise about it. */
(function () {
  "use strict";

  var AGAIN = 6000;
  var title = document.title;
  var known = null;
  var waiting = [];
  var chime = null;

  function look() {
    var marks = Array.prototype.slice.call(document.querySelectorAll("#alarm [data-new-order]"));
    waiting = marks.map(function (mark) { return mark.dataset.newOrder; });
    var fresh = marks.filter(function (mark) { return known === null || known.indexOf(mark.dataset.newOrder) < 0; });
    known = waiting.slice();
    if (fresh.length) {
      document.getElementById("alarm-spoken").textContent =
        "New order " + fresh.map(function (mark) { return mark.dataset.number; }).join(", ");
      chime.ring();
    }
    if (!waiting.length) document.title = title;
  }

  window.setInterval(function () {
    if (!waiting.length) return;
    var call = "(" + waiting.length + ") New order" + (waiting.length > 1 ? "s" : "");
    document.title = document.title === title ? call : title;
  }, 1000);
  window.setInterval(function () { if (waiting.length) chime.ring(); }, AGAIN);

  document.addEventListener("DOMContentLoaded", function () {
    chime = window.forkroadChime({
      key: "forkroad-kitchen-sound",
      words: { off: "Turn the sound on", asleep: "Sound: press anywhere once", on: "Sound is on" },
      notes: [880, 1175, 880, 1175], gap: 0.22, wave: "sine", volume: 0.5, shake: [200, 100, 200]
    });
    look();
    document.addEventListener("htmx:load", look);
    document.addEventListener("htmx:afterSwap", look);
  });
})();
