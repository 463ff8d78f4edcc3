/* The sound of something new: asked for unless it was turned off, with a button that says how it stands.

   forkroadChime({ key, words: { off, asleep, on }, notes, gap, wave, volume, shake }) is made once the page is there, beside
   a button #sound with a #sound-word in it; its ring() plays the notes (hertz, `gap` seconds apart) and shakes the phone. */
(function () {
  "use strict";

  window.forkroadChime = function (kind) {
    var button = document.getElementById("sound");
    var audio = null;
    var rang = 0;
    var slept = true;
    // Where a private window keeps nothing, for as long as the page is open.
    var chosen = "";

    function wanted() {
      try { chosen = window.localStorage.getItem(kind.key) || chosen; } catch (error) { /* as chosen here */ }
      return chosen !== "off";
    }
    function choose(on) {
      chosen = on ? "on" : "off";
      try { window.localStorage.setItem(kind.key, chosen); } catch (error) { /* as chosen here */ }
    }
    function awake() { return audio !== null && audio.state === "running"; }

    // Browsers play nothing before a press or a key, so the first one after loading wakes the sound.
    function wake() {
      if (!audio && window.AudioContext) audio = new window.AudioContext();
      if (audio && audio.state === "suspended") audio.resume().then(show, function () {});
      show();
    }
    function show() {
      button.hidden = false;
      button.setAttribute("aria-pressed", String(wanted()));
      button.dataset.awake = String(awake());
      document.getElementById("sound-word").textContent = kind.words[!wanted() ? "off" : awake() ? "on" : "asleep"];
    }

    function tone(pitch, start) {
      var oscillator = audio.createOscillator();
      var volume = audio.createGain();
      oscillator.type = kind.wave;
      oscillator.frequency.value = pitch;
      oscillator.connect(volume);
      volume.connect(audio.destination);
      volume.gain.setValueAtTime(0.0001, start);
      volume.gain.exponentialRampToValueAtTime(kind.volume, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + 1.5 * kind.gap);
      oscillator.start(start);
      oscillator.stop(start + 1.5 * kind.gap + 0.05);
    }
    function ring() {
      if (!wanted()) return;
      if (navigator.vibrate && navigator.userActivation && navigator.userActivation.hasBeenActive) {
        navigator.vibrate(kind.shake);
      }
      if (!awake()) return;
      kind.notes.forEach(function (pitch, at) { tone(pitch, audio.currentTime + at * kind.gap); });
      rang += 1;
      button.dataset.rang = String(rang);
    }

    ["pointerdown", "keydown"].forEach(function (name) {
      document.addEventListener(name, function () {
        slept = !awake();
        if (wanted()) wake();
      }, true);
    });
    button.addEventListener("click", function () {
      // A press on “press anywhere once” is not one that turns it off.
      if (!wanted() || !slept) choose(!wanted());
      if (wanted()) { wake(); window.setTimeout(ring, 200); }
      show();
    });
    show();
    return { ring: ring };
  };
})();
