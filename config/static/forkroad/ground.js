/* The city's own layers, drawn under every map. Without them a map still shows who is where. */
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
})();
