/* The courier's page: its light, the offer that cannot be missed, what is pressed without a connection, the app. */
(function () {
  "use strict";

  var road, courier, queue, title, chime;
  var streaming = false;
  var silent = false;
  var heard = true;

  // The light: what the telephone says of the net, the stream of itself, and the last request of how it went.
  function away() { return navigator.onLine === false || !heard; }
  function light() {
    var element = document.getElementById("light");
    var state = away() ? "away" : !streaming ? "off" : silent ? "silent" : "on";
    if (!element || element.dataset.state === state) return;
    element.dataset.state = state;
    element.querySelector(".light-word").textContent =
      { away: "No connection", off: "Reconnecting", silent: "Not live", on: "Live" }[state];
  }
  function refresh() { window.htmx.trigger(document.getElementById("desk"), "catch-up"); }

  // The countdown follows the server's clock: its present as it came with the page, and the offer's end by the same.
  function setClocks() {
    var clock = document.getElementById("clock");
    if (!clock || clock.dataset.ahead) return;
    clock.dataset.ahead = String(Number(clock.dataset.now) - Date.now());
  }
  function follow() {
    var clock = document.getElementById("clock");
    var countdown = document.querySelector("#offer .countdown[data-until]");
    if (!clock || !clock.dataset.ahead || !countdown) return;
    // Not by counting ticks: a telephone that sleeps in a pocket makes none.
    var left = Number(countdown.dataset.until) - (Date.now() + Number(clock.dataset.ahead));
    countdown.dataset.ends = String(performance.now() + Math.max(0, left));
    if (left <= 0) answers();
  }

  // An offer cannot be answered without a connection, nor after its time.
  function answers() {
    var offer = document.getElementById("offer");
    if (!offer) return;
    var countdown = offer.querySelector(".countdown");
    var over = Number(countdown.dataset.ends || Infinity) <= performance.now();
    offer.querySelectorAll("[data-answer] button").forEach(function (button) {
      if (button.form.classList.contains("htmx-request")) return;
      button.disabled = away() || over;
      if (away()) button.setAttribute("aria-describedby", "no-answer");
      else button.removeAttribute("aria-describedby");
    });
    document.getElementById("no-answer").hidden = !away();
  }

  // Sound and vibration for a new offer.
  var rung = "";
  function call() {
    var offer = document.getElementById("offer");
    var id = offer ? offer.dataset.offer : "";
    document.title = id ? "Offer: " + document.getElementById("pay").textContent : title;
    if (id && id !== rung) chime.ring();
    rung = id;
  }

  // What was pressed without a connection, and the cards as they are with it.
  function dress() {
    document.querySelectorAll("#desk [data-job]").forEach(function (card) {
      queue.dress(card, courier, card.dataset.status, away());
    });
    queue.list(document.getElementById("away"), courier);
  }
  function keepJobs() {
    var cards = Array.prototype.slice.call(document.querySelectorAll("#desk [data-job]"));
    queue.keepJobs(courier, road.dataset.presses, cards.map(function (card) {
      var own = card.dataset;
      return {
        order: own.job, number: own.number, status: own.status, shop: own.shop, door: own.door, note: own.note,
        code: own.code === "yes"
      };
    }));
  }
  function say(text, tone) {
    var list = document.getElementById("merged");
    var item = document.createElement("li");
    item.className = "note note-" + tone + " told";
    var words = document.createElement("span");
    words.textContent = text;
    var close = document.createElement("button");
    close.type = "button";
    close.className = "quiet";
    close.textContent = "Understood";
    close.addEventListener("click", function () { item.remove(); });
    item.append(words, close);
    list.append(item);
  }
  var told = "";
  function send() {
    if (navigator.onLine === false || !queue.of(courier).length) return;
    queue.send(courier, road.dataset.presses).then(function (result) {
      (result.sent || []).forEach(function (each) {
        say(each.message, each.outcome === "done" || each.outcome === "already" ? "success" : "warning");
      });
      if (result.sent && result.sent.length) { told = ""; refresh(); }
      if (result.why && result.why !== "offline" && told !== result.why) {
        told = result.why;
        if (result.why === "signed-out") window.location.href = road.dataset.signIn;
        else say("The server does not take what waits here: call the operator.", "error");
      }
    });
  }
  function keep(form) {
    var card = form.closest("[data-job]");
    var code = form.querySelector("[name=door_code]");
    if (!queue.add(courier, card.dataset.job, card.dataset.number, form.dataset.press, code ? code.value : "")) {
      say("This telephone keeps nothing: press again when the connection is back.", "error");
    }
  }

  // What changed, for those who hear the page. Not as htmx's out-of-band piece: that looks for its place from the form
  // that was pressed, which a refresh may have replaced before the answer comes.
  function speak() {
    var spoken = document.getElementById("spoken");
    var word = document.getElementById("to-say");
    if (word && spoken.textContent !== word.textContent) spoken.textContent = word.textContent;
  }

  // The next refresh knows nothing of what the last press came to, and may follow within a tenth of a second.
  var WORD = 10000;
  var word = null;
  function keepWord(asked) {
    var desk = document.getElementById("desk");
    var shown = document.getElementById("word");
    if (shown) word = { element: shown, until: Date.now() + WORD };
    else if (word && asked === "get" && Date.now() < word.until) desk.prepend(word.element);
    else word = null;
  }

  function look() {
    setClocks();
    follow();
    answers();
    dress();
    call();
  }

  document.addEventListener("DOMContentLoaded", function () {
    road = document.getElementById("road");
    queue = window.forkroadQueue;
    courier = Number(road.dataset.courier);
    title = document.title;
    chime = window.forkroadChime({
      key: "forkroad-courier-sound",
      words: {
        off: "Turn sound and vibration on", asleep: "Sound: press anywhere once", on: "Sound and vibration are on"
      },
      notes: [659, 784, 988, 1319], gap: 0.16, wave: "triangle", volume: 0.6, shake: [180, 80, 180, 80, 400]
    });
    queue.listen(dress);
    keepJobs();
    look();
    send();
    if ("serviceWorker" in navigator) {
      navigator.serviceWorker.register(road.dataset.worker).catch(function () { /* The page works without it. */ });
    }
    window.setInterval(function () {
      follow();
      send();
      // The next look is a quarter of a minute away: too long for an offer.
      if (!heard && navigator.onLine !== false) refresh();
    }, 2000);
  });

  // Before htmx hears of it: without a connection a stage is kept, and an answer to an offer is not sent at all.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.matches("form[action*='logout']")) queue.forgetJobs();
    if (!away() || !form.closest("#desk")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (form.matches("[data-press]")) keep(form);
    else say("No connection: nothing was sent. Press again when it is back.", "warning");
  }, true);

  function failed(event) {
    heard = false;
    light();
    answers();
    dress();
    var form = event.detail.elt;
    if (!form.matches("form[data-press]")) return;
    keep(form);
    // What every page says of a press that did not get through is not so here.
    document.getElementById("failed").hidden = true;
  }
  ["htmx:sendError", "htmx:timeout"].forEach(function (name) { document.addEventListener(name, failed); });
  document.addEventListener("htmx:responseError", function (event) {
    var form = event.detail.elt;
    if (event.detail.xhr.status < 502 || !form.matches("form[data-press]")) return;
    keep(form);
    document.getElementById("failed").hidden = true;
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (!event.detail.successful) return;
    heard = true;
    light();
    send();
  });
  // Already then: before a press's answer has settled, the next refresh may have replaced it.
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.target.id === "desk") keepWord(event.detail.requestConfig.verb);
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target.id === "desk") { keepJobs(); look(); speak(); }
  });
  function setSilent(event) { silent = event.type === "silence"; light(); }
  document.addEventListener("htmx:sseOpen", function (event) {
    streaming = true;
    silent = false;
    heard = true;
    ["silence", "sound", "hello"].forEach(function (name) { event.detail.source.addEventListener(name, setSilent); });
    light();
    answers();
    dress();
    send();
  });
  document.addEventListener("htmx:sseError", function () { streaming = false; light(); });
  window.addEventListener("offline", function () { light(); answers(); dress(); });
  window.addEventListener("online", function () { light(); answers(); dress(); send(); refresh(); });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) refresh(); });
  window.addEventListener("beforeinstallprompt", function (event) {
    event.preventDefault();
    var button = document.getElementById("install");
    button.hidden = false;
    button.addEventListener("click", function () { event.prompt(); button.hidden = true; }, { once: true });
  });
  window.addEventListener("appinstalled", function () { document.getElementById("install").hidden = true; });
})();
