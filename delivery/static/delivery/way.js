/* The map of a courier's way: where they are, the counter, the doors in their sequence. A picture, not a control. */
(function () {
  "use strict";

  var riders = [];

  function point(text) {
    var parts = text.split(",").slice(-2).map(Number);
    return window.L.latLng(parts[0], parts[1]);
  }

  function mark(figure, kind, number) {
    var holder = document.createElement("div");
    holder.className = "mark mark-" + (kind === "pickup" ? "counter" : kind === "dropoff" ? "door" : "courier");
    var template = figure.querySelector("template[data-mark='" + kind + "']");
    if (template) holder.append(template.content.cloneNode(true));
    else holder.textContent = String(number);
    return window.L.divIcon({ html: holder, className: "", iconSize: kind === "courier" ? [40, 40] : [36, 36] });
  }

  function draw(figure) {
    var L = window.L;
    figure.dataset.drawn = "yes";
    figure.hidden = false;
    var stops = figure.dataset.stops.split(" ");
    var places = [point(figure.dataset.here)].concat(stops.map(point));
    var bounds = L.latLngBounds(places);
    var map = L.map(figure.querySelector(".map-canvas"), {
      zoomControl: false, attributionControl: false, keyboard: false, zoomAnimation: false, fadeAnimation: false,
      zoomSnap: 0.25, dragging: false, touchZoom: false, scrollWheelZoom: false, doubleClickZoom: false, boxZoom: false
    });
    map.fitBounds(bounds, { padding: [30, 30], maxZoom: 16, animate: false });
    map.createPane("ground").style.zIndex = 200;
    L.polyline(places, { className: "road", interactive: false }).addTo(map);
    var still = { interactive: false, keyboard: false };
    var doors = 0;
    stops.forEach(function (stop, at) {
      var kind = stop.split(",")[0];
      if (kind === "dropoff") doors += 1;
      L.marker(places[at + 1], Object.assign({ icon: mark(figure, kind, doors) }, still)).addTo(map);
    });
    riders.push({
      figure: figure,
      marker: L.marker(places[0], Object.assign({ icon: mark(figure, "courier"), zIndexOffset: 1000 }, still)).addTo(map)
    });
    window.fetch(figure.dataset.city).then(function (answer) { return answer.json(); }).then(function (city) {
      L.geoJSON(city, {
        pane: "ground", interactive: false, style: function (feature) { return { className: feature.properties.kind }; }
      }).addTo(map);
    }).catch(function () { /* Without its background the map still shows the way. */ });
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
