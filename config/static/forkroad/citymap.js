/* The operator's map: the city's own layers, its restaurants, the orders that wait, and couriers as they move. */
(function () {
  "use strict";

  var figure = document.getElementById("city-map");
  if (!figure || !window.L) return;
  var L = window.L;
  var calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  var map = L.map(figure.querySelector(".map-canvas"), {
    attributionControl: false, zoomAnimation: !calm, fadeAnimation: false, scrollWheelZoom: false, zoomSnap: 0.25
  });
  map.createPane("shops").style.zIndex = 410;
  map.createPane("waits").style.zIndex = 420;
  map.createPane("riders").style.zIndex = 430;
  map.createPane("names").style.zIndex = 440;
  var layers = { shops: L.layerGroup().addTo(map), waits: L.layerGroup().addTo(map) };
  var riders = {};
  var framed = false;

  function dot(at, pane, radius, name, text) {
    // SVG's own elements take their looks from the stylesheet, light and dark.
    return L.circleMarker(at, { pane: pane, radius: radius, className: name, weight: 2, keyboard: false })
      .bindTooltip(text, { className: "map-word", direction: "top" });
  }

  function ride(id, at) {
    if (riders[id]) riders[id].setLatLng(at);
  }

  function show(town) {
    layers.shops.clearLayers();
    town.restaurants.forEach(function (shop) {
      dot(shop.at, "shops", 5, shop.paused ? "r-paused" : "r-open", shop.name + (shop.paused ? ", paused" : ""))
        .addTo(layers.shops);
    });
    layers.waits.clearLayers();
    town.orders.forEach(function (order) {
      L.polyline([order.at, order.door], { pane: "waits", className: "o-way", interactive: false }).addTo(layers.waits);
      dot(order.at, "waits", 11, "o-waits", order.name).on("click", function () { window.location.assign(order.url); })
        .addTo(layers.waits);
    });
    var here = {};
    town.couriers.forEach(function (courier) {
      here[courier.id] = true;
      var text = courier.name + (courier.load ? ", with an order" : ", free");
      var known = riders[courier.id];
      if (known) {
        // Its place comes by the stream, which is fresher; only what it carries is news here.
        known.setTooltipContent(text);
        known.getElement().setAttribute("class", known.getElement().getAttribute("class").replace(/c-(free|busy)/, courier.load ? "c-busy" : "c-free"));
      } else {
        riders[courier.id] = dot(courier.at, "riders", 6, courier.load ? "c-busy" : "c-free", text).addTo(map);
      }
    });
    Object.keys(riders).forEach(function (id) {
      if (!here[id]) { riders[id].remove(); delete riders[id]; }
    });
    if (!framed) {
      var all = town.restaurants.concat(town.couriers).map(function (each) { return each.at; });
      if (all.length) map.fitBounds(L.latLngBounds(all).pad(0.08), { animate: false });
      else map.setView([48.2, 16.37], 12);
      framed = true;
    }
    figure.dataset.shown = String(Object.keys(riders).length);
  }

  function read() {
    var told = document.getElementById("town-data");
    if (told) show(JSON.parse(told.textContent));
  }
  read();
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.target.id === "town") read();
  });

  window.layGround(map, figure.dataset.city);

  function tell(name) { document.dispatchEvent(new CustomEvent(name)); }
  var source = new EventSource(figure.dataset.stream);
  source.addEventListener("open", function () {
    tell("htmx:sseOpen");
    window.htmx.trigger("#town", "news");
  });
  source.addEventListener("error", function () { tell("htmx:sseError"); });
  source.addEventListener("changed", function () { window.htmx.trigger("#town", "news"); });
  source.addEventListener("places", function (event) {
    JSON.parse(event.data).forEach(function (place) { ride(place[0], [place[1], place[2]]); });
    figure.dataset.moved = String(Number(figure.dataset.moved || 0) + 1);
  });
  window.addEventListener("pagehide", function () { source.close(); });
  window.addEventListener("pageshow", function (event) { if (event.persisted) window.location.reload(); });
})();
