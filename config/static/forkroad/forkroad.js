/* The little that a page does by itself: a connection light, a countdown, not pulling a form from under a hand, and
   saying when there is no connection or a press did not get through. */
(function () {
  "use strict";

  // Connection light: what the event stream says of itself.
  function light(state, word) {
    var element = document.getElementById("light");
    if (!element || element.dataset.state === state) return;
    element.dataset.state = state;
    element.querySelector(".light-word").textContent = word;
  }
  function live() { light("on", "Live"); }
  // The server's own ear may be deaf while the stream stands: then the page looks now and then, as without a stream.
  function silent() { light("silent", "Not live"); }
  document.addEventListener("htmx:sseOpen", function (event) {
    live();
    // A page with a stream of its own tells no source.
    var source = event.detail && event.detail.source;
    if (!source) return;
    // One function is added once, however often a stream opens again.
    source.addEventListener("silence", silent);
    source.addEventListener("sound", live);
    source.addEventListener("hello", live);
  });
  document.addEventListener("htmx:sseError", function () { light("off", "Reconnecting"); });

  // A press that did not get through is said; what a page asks by itself is not, for the light tells of that. A piece
  // that did not come leaves a word and a button in the room that was kept for it.
  function byId(id) { return document.getElementById(id); }
  function failed(status) {
    if (status === 403) return "This page is out of date, or your session is over. Load it again; nothing was changed.";
    if (status === 404) return "That is no longer there. Load the page again.";
    if (status >= 500) return "That did not work, and it is our fault. Try it once more in a moment.";
    return status ? "That was not accepted (" + status + ")." : "No answer: the connection seems to be down. Try it again.";
  }
  function missing(region) {
    var room = region.querySelector(".waiting");
    if (!room) return;
    room.className = "missing";
    room.removeAttribute("aria-hidden");
    room.innerHTML = "<span>This piece did not come.</span>";
    var button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-plain btn-small";
    button.textContent = "Ask again";
    button.addEventListener("click", function () {
      window.htmx.ajax("GET", region.getAttribute("hx-get"), { target: region, swap: "innerHTML" });
    });
    room.appendChild(button);
  }
  function notThrough(event) {
    var detail = event.detail;
    var pressed = detail.requestConfig && detail.requestConfig.verb !== "get" || detail.elt.matches("form, a, button");
    if (pressed && byId("failed")) {
      byId("failed-word").textContent = failed(detail.xhr ? detail.xhr.status : 0);
      byId("failed").hidden = false;
    }
    missing(detail.elt);
  }
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach(function (name) {
    document.addEventListener(name, notThrough);
  });
  document.addEventListener("htmx:afterOnLoad", function (event) {
    if (event.detail.successful && event.detail.requestConfig.verb !== "get") byId("failed").hidden = true;
  });
  function connection() {
    if (byId("offline")) byId("offline").hidden = navigator.onLine;
    if (!navigator.onLine) light("off", "No connection");
  }
  window.addEventListener("offline", connection);
  window.addEventListener("online", connection);
  document.addEventListener("DOMContentLoaded", function () {
    connection();
    byId("failed-close").addEventListener("click", function () { byId("failed").hidden = true; });
  });

  // A live region is not replaced while somebody works in one of its forms; it catches up afterwards, and when
  // nobody has touched the page for a while.
  var PATIENCE = 20000;
  var touched = 0;
  ["pointerdown", "keydown", "input"].forEach(function (name) {
    document.addEventListener(name, function () { touched = performance.now(); }, true);
  });
  // A button replaced between a finger's going down and up is never pressed.
  var held = null;
  document.addEventListener("pointerdown", function (event) { held = event.target; }, true);
  ["pointerup", "pointercancel"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      held = null;
      var region = event.target instanceof Element && event.target.closest("[data-live]");
      // After the click that follows.
      window.setTimeout(function () { catchUp(region); }, 0);
    }, true);
  });
  function changed(field) {
    if (field.matches("select")) {
      var first = Array.prototype.findIndex.call(field.options, function (option) { return option.defaultSelected; });
      return field.selectedIndex !== Math.max(0, first);
    }
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    return field.value !== field.defaultValue;
  }
  function busy(region) {
    var at = document.activeElement;
    var typing = at && region.contains(at) && at.matches("input, select, textarea");
    var open = region.querySelector("details[open] form") !== null;
    var unsent = Array.prototype.some.call(region.querySelectorAll("input:not([type=hidden]), select, textarea"), changed);
    var pressed = held && region.contains(held);
    var sending = region.querySelector("form.htmx-request, a.htmx-request, button.htmx-request") !== null;
    return (typing || open || unsent || pressed || sending) && performance.now() - touched < PATIENCE;
  }
  function catchUp(region) {
    if (region && region.dataset.missed && !busy(region)) {
      delete region.dataset.missed;
      window.htmx.trigger(region, "catch-up");
    }
  }
  // When a press or a tab last drew a region: a refresh that was asked for before is older than what is shown.
  var drawn = new WeakMap();
  document.addEventListener("htmx:afterSwap", function (event) {
    var asking = event.detail.requestConfig && event.detail.requestConfig.elt;
    if (event.target.matches("[data-live]") && asking !== event.target) drawn.set(event.target, performance.now());
  });
  // Asked again as it would be replaced: a form may have been opened while the answer was on its way.
  function holdBack(event) {
    var asking = event.detail.requestConfig.elt;
    var region = event.detail.target;
    if (!region || !region.matches("[data-live]") || event.detail.requestConfig.verb !== "get") return;
    if (asking !== region && !asking.matches("[hx-trigger^='load']")) return;
    var config = event.detail.requestConfig;
    config.askedAt = config.askedAt || performance.now();
    if (busy(region) || drawn.get(region) > config.askedAt) {
      region.dataset.missed = "yes";
      event.preventDefault();
    }
  }
  document.addEventListener("htmx:beforeRequest", holdBack);
  document.addEventListener("htmx:beforeSwap", holdBack);
  document.addEventListener("focusout", function (event) {
    var region = event.target.closest("[data-live]");
    window.setTimeout(function () { catchUp(region); }, 0);
  });
  document.addEventListener("toggle", function (event) { catchUp(event.target.closest("[data-live]")); }, true);

  window.setInterval(function () { document.querySelectorAll("[data-missed]").forEach(catchUp); }, 2000);

  // An offer's deadline, told by the server in wall seconds and counted down on this machine's own steady clock.
  function startCountdowns() {
    document.querySelectorAll("[data-seconds]").forEach(function (element) {
      if (element.dataset.ends) return;
      element.dataset.ends = String(performance.now() + Number(element.dataset.seconds) * 1000);
    });
  }
  function tick() {
    document.querySelectorAll("[data-ends]").forEach(function (element) {
      var left = Math.max(0, (Number(element.dataset.ends) - performance.now()) / 1000);
      var bar = element.querySelector("progress");
      if (bar) bar.value = left;
      var whole = Math.ceil(left);
      var long = element.dataset.format === "clock";
      element.querySelector(".seconds").textContent =
        long ? Math.floor(whole / 60) + ":" + String(whole % 60).padStart(2, "0") : String(whole);
      if (left === 0 && !element.dataset.over) {
        element.dataset.over = "yes";
        window.setTimeout(function () {
          var region = element.closest("[data-live]");
          if (region) window.htmx.trigger(region, "catch-up");
        }, 1200);
      }
    });
  }
  document.addEventListener("DOMContentLoaded", startCountdowns);
  document.addEventListener("htmx:load", startCountdowns);
  window.setInterval(tick, 250);

  // Pressing a button twice sends one request: the second press finds it disabled.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.matches("[data-once]")) {
      window.setTimeout(function () {
        form.querySelectorAll("button").forEach(function (button) { button.disabled = true; });
      }, 0);
    }
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-once] button").forEach(function (button) { button.disabled = false; });
  });
})();
