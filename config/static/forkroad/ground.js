/* What the maps share: the city's own layers under each, without which it still shows who is where; the frame of those
   that are a picture and no control; and the marks upon them. */
(function () {
  "use strict";

  function name(zone) {
    var word = document.createElement("span");
    word.textContent = zone.name;
    var icon = window.L.divIcon({ html: word, className: "zone-name", iconSize: [120, 14] });
    return window.L.marker(zone.middle.slice().reverse(), {
      icon: icon, pane: "names", interactive: false, keyboard: false
    });
  }

  window.layGround = function (map, address) {
    map.createPane("ground").style.zIndex = 200;
    // A pane of their own, for Leaflet stacks what lies in the north below all that was drawn.
    if (!map.getPane("names")) map.createPane("names").style.zIndex = 210;
    window.fetch(address).then(function (answer) { return answer.json(); }).then(function (city) {
      window.L.geoJSON(city, {
        pane: "ground",
        interactive: false,
        style: function (feature) { return { className: feature.properties.kind }; },
        onEachFeature: function (feature) {
          if (feature.properties.kind === "zone") name(feature.properties).addTo(map);
        }
      }).addTo(map);
    }).catch(function () {});
  };

  // Of a figure with a .map-canvas, and with the city's address in data-city.
  window.stillMap = function (figure) {
    var map = window.L.map(figure.querySelector(".map-canvas"), {
      zoomControl: false, attributionControl: false, keyboard: false, zoomAnimation: false, fadeAnimation: false,
      zoomSnap: 0.25, dragging: false, touchZoom: false, scrollWheelZoom: false, doubleClickZoom: false, boxZoom: false
    });
    window.layGround(map, figure.dataset.city);
    return map;
  };

  // A round mark with the figure's own drawing of that name, or with a word where there is none.
  window.mark = function (figure, name, place, word) {
    var holder = document.createElement("div");
    holder.className = "mark mark-" + name;
    var drawing = figure.querySelector("template[data-mark='" + name + "']");
    if (drawing) holder.append(drawing.content.cloneNode(true));
    else holder.textContent = word;
    var size = name === "courier" ? 40 : 36;
    return window.L.marker(place, {
      icon: window.L.divIcon({ html: holder, className: "", iconSize: [size, size] }),
      interactive: false, keyboard: false, zIndexOffset: name === "courier" ? 1000 : 0
    });
  };
})();
