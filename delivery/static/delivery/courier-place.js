/* Where this telephone is, told to the server while the courier is online: only after they pressed for it and their
   browser allowed it, at most once a second, and with what was missed while there was no connection. */
(function () {
  "use strict";

  var KEY = "forkroad-courier-place";
  var PACE = 1000;
  // As many as a report may hold; a place a second makes a minute.
  var MOST = 60;
  // Metres. A place this rough, or this far from the city, would mislead whoever looks at the map.
  var ROUGH = 1000;
  var FAR = 60000;

  var WORDS = {
    off: "Customers and dispatch see you where you said that you were when you went online.",
    resting: "Used as soon as you are online, and only then.",
    waiting: "Waiting for this telephone to find itself.",
    sending: "Sent while you are online, at most once a second. Customers see it only while you carry their order.",
    denied: "Your browser does not give your position to this page. Allow it in the settings of this site, then press " +
      "again. Until then your place is the one that you chose.",
    lost: "This telephone does not know where it is at the moment. It goes on by itself.",
    rough: "This telephone knows only roughly where it is, so nothing is sent. It goes on by itself.",
    far: "This telephone is too far from the city to bring anything here, so its position is not sent.",
    impossible: "This browser has no position to give: it needs one that has, and a page under https.",
  };

  var room, button, word, middle;
  var watching = null;
  var state = "";
  var places = [];
  var taken = 0;
  // By the page's steady clock, when the last report was on its way.
  var sent = -PACE;
  var sending = false;
  var later = null;

  function wanted() {
    try { return window.localStorage.getItem(KEY) === "on"; } catch (error) { return room.dataset.wanted === "on"; }
  }
  function want(on) {
    room.dataset.wanted = on ? "on" : "off";
    try { window.localStorage.setItem(KEY, on ? "on" : "off"); } catch (error) { /* for now only */ }
  }
  function online() { return document.getElementById("go-offline") !== null; }
  function show(next) {
    if (state === next) return;
    state = next;
    room.dataset.state = next;
    word.textContent = WORDS[next];
    var on = wanted() && next !== "denied";
    button.setAttribute("aria-pressed", String(on));
    button.querySelector("span").textContent = on ? "This telephone’s position is used" : "Use this telephone’s position";
  }

  function send() {
    if (!places.length || sending || navigator.onLine === false) return;
    var wait = sent + PACE - performance.now();
    if (wait > 0) {
      if (!later) later = window.setTimeout(function () { later = null; send(); }, wait);
      return;
    }
    var report = places;
    places = [];
    sending = true;
    var body = JSON.stringify({ positions: report });
    var token = window.forkroadQueue.cookie("csrftoken");
    sent = performance.now();
    window.fetch(room.dataset.positions, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: body,
    }).then(function (answer) { return answer.status >= 500; }, function () { return true; }).then(function (failed) {
      sending = false;
      if (failed) places = report.concat(places).slice(-MOST);
      else { room.dataset.sent = String(Number(room.dataset.sent || 0) + 1); send(); }
    });
  }

  function metres(coords) {
    var north = (coords.latitude - middle[0]) * 111320;
    var east = (coords.longitude - middle[1]) * 111320 * Math.cos(middle[0] * Math.PI / 180);
    return Math.hypot(north, east);
  }
  function heard(position) {
    var coords = position.coords;
    if (metres(coords) > FAR) { show("far"); return; }
    if (coords.accuracy > ROUGH) { show("rough"); return; }
    show("sending");
    var place = { latitude: coords.latitude, longitude: coords.longitude };
    // Within one second the latest counts: a report is the way that was ridden, not every twitch of the hand.
    if (places.length && Date.now() - taken < PACE) places[places.length - 1] = place;
    else { places.push(place); taken = Date.now(); }
    places = places.slice(-MOST);
    document.dispatchEvent(new CustomEvent("courier-place", { detail: place }));
    send();
  }
  function failed(error) {
    if (error.code === error.PERMISSION_DENIED) { stop(); want(false); show("denied"); } else show("lost");
  }
  function start() {
    show("waiting");
    var asked = { enableHighAccuracy: true, maximumAge: PACE, timeout: 20000 };
    watching = navigator.geolocation.watchPosition(heard, failed, asked);
  }
  function stop() {
    if (watching !== null) navigator.geolocation.clearWatch(watching);
    if (later) window.clearTimeout(later);
    watching = later = null;
    places = [];
  }

  function look() {
    if (!wanted()) { stop(); if (state !== "denied") show("off"); return; }
    if (!online()) { stop(); show("resting"); return; }
    if (watching === null) start();
  }

  document.addEventListener("DOMContentLoaded", function () {
    room = document.getElementById("phone-place");
    button = document.getElementById("locate");
    word = document.getElementById("located");
    middle = room.dataset.middle.split(",").map(Number);
    if (!("geolocation" in navigator) || !window.isSecureContext) {
      button.hidden = true;
      show("impossible");
      return;
    }
    button.addEventListener("click", function () {
      var on = !wanted();
      state = "";
      want(on);
      // The browser asks now, while the finger that wanted it is on the button, and not at the next change of shift.
      if (on && !online()) navigator.geolocation.getCurrentPosition(function () {}, failed, { maximumAge: Infinity });
      look();
    });
    window.addEventListener("online", send);
    document.addEventListener("htmx:afterSettle", function (event) { if (event.target.id === "desk") look(); });
    look();
  });
})();
