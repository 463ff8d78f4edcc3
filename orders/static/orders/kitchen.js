/* A new order that cannot be missed: it is said, it rings, the phone shakes and the tab's title blinks until it is
   answered. What waits stands in #alarm, which the server renders; here is only the noise about it. */
(function () {
  "use strict";

  var KEY = "forkroad-kitchen-sound";
  var AGAIN = 6000;
  var title = document.title;
  var known = null;
  var waiting = [];
  var audio = null;
  var rang = 0;

  function wanted() {
    try { return window.localStorage.getItem(KEY) === "on"; } catch (error) { return audio !== null; }
  }
  function remember(on) {
    try { window.localStorage.setItem(KEY, on ? "on" : "off"); } catch (error) { /* private window: for now only */ }
  }

  // Browsers play nothing before a press or a key, so the first one after loading wakes the sound.
  function wake() {
    if (!audio && window.AudioContext) audio = new window.AudioContext();
    if (audio && audio.state === "suspended") audio.resume().then(show, function () {});
    show();
  }
  function show() {
    var button = document.getElementById("sound");
    if (!button) return;
    var on = wanted();
    var awake = audio !== null && audio.state === "running";
    button.hidden = false;
    button.setAttribute("aria-pressed", String(on));
    button.dataset.awake = String(awake);
    document.getElementById("sound-word").textContent =
      !on ? "Turn the sound on" : awake ? "Sound is on" : "Sound: press anywhere once";
  }

  function tone(pitch, start) {
    var oscillator = audio.createOscillator();
    var volume = audio.createGain();
    oscillator.frequency.value = pitch;
    oscillator.connect(volume);
    volume.connect(audio.destination);
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(0.5, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.35);
    oscillator.start(start);
    oscillator.stop(start + 0.4);
  }
  function ring() {
    if (navigator.vibrate && navigator.userActivation && navigator.userActivation.hasBeenActive) {
      navigator.vibrate([200, 100, 200]);
    }
    if (!wanted() || !audio || audio.state !== "running") return;
    [880, 1175, 880, 1175].forEach(function (pitch, at) { tone(pitch, audio.currentTime + at * 0.22); });
    rang += 1;
    document.getElementById("sound").dataset.rang = String(rang);
  }

  function look() {
    var marks = Array.prototype.slice.call(document.querySelectorAll("#alarm [data-new-order]"));
    waiting = marks.map(function (mark) { return mark.dataset.newOrder; });
    var fresh = marks.filter(function (mark) { return known === null || known.indexOf(mark.dataset.newOrder) < 0; });
    known = waiting.slice();
    if (fresh.length) {
      document.getElementById("alarm-spoken").textContent =
        "New order " + fresh.map(function (mark) { return mark.dataset.number; }).join(", ");
      ring();
    }
    if (!waiting.length) document.title = title;
  }

  window.setInterval(function () {
    if (!waiting.length) return;
    var call = "(" + waiting.length + ") New order" + (waiting.length > 1 ? "s" : "");
    document.title = document.title === title ? call : title;
  }, 1000);
  window.setInterval(function () { if (waiting.length) ring(); }, AGAIN);

  document.addEventListener("DOMContentLoaded", function () {
    show();
    look();
    document.getElementById("sound").addEventListener("click", function () {
      remember(!wanted());
      if (wanted()) { wake(); window.setTimeout(ring, 200); }
      show();
    });
  });
  document.addEventListener("htmx:load", look);
  document.addEventListener("htmx:afterSwap", look);
  ["pointerdown", "keydown"].forEach(function (name) {
    document.addEventListener(name, function () { if (wanted()) wake(); }, true);
  });
})();
