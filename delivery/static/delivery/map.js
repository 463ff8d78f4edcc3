/* The tracker's map: Leaflet on the city's own GeoJSON. A picture, not a control: it follows the courier by itself. */
(function () {
  "use strict";

  var maps = new WeakMap();

  function point(text) {
    var parts = (text || "").split(",").map(Number);
    return parts.length === 2 && parts.every(isFinite) ? window.L.latLng(parts[0], parts[1]) : null;
  }

  function open(figure) {
    var counter = point(figure.dataset.counter);
    var door = point(figure.dataset.door);
    var map = window.stillMap(figure);
    map.setView(door, 14);
    var road = window.L.polyline([], { className: "road", interactive: false }).addTo(map);
    window.mark(figure, "counter", counter).addTo(map);
    window.mark(figure, "door", door).addTo(map);
    var state = { map: map, counter: counter, door: door, road: road, courier: null };
    maps.set(figure, state);
    return state;
  }

  function frame(state) {
    var toDoor = document.querySelector("#arrival[data-state='picked_up']") !== null;
    var target = toDoor ? state.door : state.counter;
    state.road.setLatLngs(state.courier ? [state.courier.getLatLng(), target] : []);
    var seen = toDoor ? [state.door] : [state.counter, state.door];
    if (state.courier) seen.push(state.courier.getLatLng());
    var bounds = window.L.latLngBounds(seen);
    var view = state.map.getBounds();
    // Only when somebody would leave the picture, or it is far too wide: a map that zooms each second cannot be read.
    var wide = state.framed && state.map.getBoundsZoom(bounds, false, window.L.point(60, 60)) > state.map.getZoom() + 1.5;
    if (!state.framed || wide || state.toDoor !== toDoor || !view.pad(-0.08).contains(bounds)) {
      state.map.fitBounds(bounds, { padding: [44, 44], maxZoom: 16, animate: false });
      state.framed = true;
      state.toDoor = toDoor;
    }
  }

  function show(figure, place) {
    if (!window.L || !place) return;
    if (figure.hidden) figure.hidden = false;
    var state = maps.get(figure) || open(figure);
    state.map.invalidateSize({ animate: false });
    if (!state.courier) {
      state.courier = window.mark(figure, "courier", place).addTo(state.map);
      frame(state);
      state.courier.getElement().classList.add("moves");
    } else {
      state.courier.setLatLng(place);
      frame(state);
    }
  }

  // A position from the page's event stream. The extension would put its text into the element: it is read instead.
  document.addEventListener("htmx:sseBeforeMessage", function (event) {
    if (event.target.id !== "map" || event.detail.type !== "position") return;
    event.preventDefault();
    var seen = JSON.parse(event.detail.data);
    if (seen.order === event.target.dataset.order) {
      show(event.target, window.L && window.L.latLng(seen.latitude, seen.longitude));
      event.target.dataset.heard = String(seen.heard);
    }
  });

  // Who brings it, and where they were last seen, as the server told; nobody, and the map goes.
  function look() {
    var figure = document.getElementById("map");
    var arrival = document.getElementById("arrival");
    if (!figure || !arrival || !window.L) return;
    var place = point(arrival.dataset.courier);
    if (!place) {
      figure.hidden = true;
      return;
    }
    var state = maps.get(figure);
    if (state && state.courier && !figure.hidden) frame(state);
    else show(figure, place);
  }
  document.addEventListener("htmx:load", look);
  // Leaflet may come after all else.
  window.addEventListener("load", look);
})();
