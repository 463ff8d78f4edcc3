/* The map of a courier's way: where they are, the counter, the doors in their sequence. A picture, not a control. */
(function () {
  "use strict";

  var riders = [];

  function point(text) {
    var parts = text.split(",").slice(-2).map(Number);
    return window.L.latLng(parts[0], parts[1]);
  }

  function draw(figure) {
    figure.dataset.drawn = "yes";
    figure.hidden = false;
    var stops = figure.dataset.stops.split(" ");
    var places = [point(figure.dataset.here)].concat(stops.map(point));
    var map = window.stillMap(figure);
    map.fitBounds(window.L.latLngBounds(places), { padding: [30, 30], maxZoom: 16, animate: false });
    window.L.polyline(places, { className: "road", interactive: false }).addTo(map);
    var doors = 0;
    stops.forEach(function (stop, at) {
      var toDoor = stop.startsWith("dropoff,");
      if (toDoor) doors += 1;
      window.mark(figure, toDoor ? "door" : "counter", places[at + 1], String(doors)).addTo(map);
    });
    riders.push({ figure: figure, marker: window.mark(figure, "courier", places[0]).addTo(map) });
  }

  function look() {
    if (!window.L) return;
    document.querySelectorAll("figure[data-way]:not([data-drawn])").forEach(draw);
  }
  // This telephone's own place, where it is used: fresher than what came with the page.
  document.addEventListener("courier-place", function (event) {
    riders = riders.filter(function (rider) { return rider.figure.isConnected; });
    riders.forEach(function (rider) { rider.marker.setLatLng([event.detail.latitude, event.detail.longitude]); });
  });
  document.addEventListener("DOMContentLoaded", look);
  document.addEventListener("htmx:load", look);
})();
