// A page that is refreshed every few seconds: a table that somebody has opened stays open, and scrolled.
(function () {
  "use strict";
  var open = [], scrolled = {};
  document.addEventListener("htmx:beforeSwap", function (event) {
    var place = event.detail.target;
    open = Array.from(place.querySelectorAll("details[open][id]"), function (one) { return one.id; });
    scrolled = {};
    open.forEach(function (id) { scrolled[id] = (document.querySelector("#" + CSS.escape(id) + " .scroll") || {}).scrollLeft; });
  });
  document.addEventListener("htmx:afterSwap", function () {
    open.forEach(function (id) {
      var one = document.getElementById(id);
      if (!one) return;
      one.open = true;
      var inner = one.querySelector(".scroll");
      if (inner && scrolled[id]) inner.scrollLeft = scrolled[id];
    });
  });
})();
