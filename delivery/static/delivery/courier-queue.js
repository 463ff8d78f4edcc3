/* What a courier presses without a connection: kept on this telephone, sent when it is back, each once by its key.
   Only "picked up" and "delivered" of an order that is theirs. An offer is never kept: another may have been quicker. */
(function () {
  "use strict";

  var QUEUE = "forkroad-courier-presses";
  var JOBS = "forkroad-courier-jobs";
  var sending = false;
  var listeners = [];

  function load(name) {
    try { return JSON.parse(window.localStorage.getItem(name)) || null; } catch (error) { return null; }
  }
  function save(name, value) {
    try {
      if (value === null) window.localStorage.removeItem(name);
      else window.localStorage.setItem(name, JSON.stringify(value));
      return true;
    } catch (error) { return false; }
  }
  function newKey() {
    if (window.crypto.randomUUID) return window.crypto.randomUUID();
    var bytes = window.crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    var hex = Array.from(bytes, function (one) { return one.toString(16).padStart(2, "0"); }).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }
  function tell() { listeners.forEach(function (listener) { listener(); }); }
  function cookie(name) {
    var found = document.cookie.split("; ").filter(function (one) { return one.indexOf(name + "=") === 0; })[0];
    return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
  }

  // Two couriers may share a telephone: what one pressed is never sent in the other's name.
  function all() { return load(QUEUE) || []; }
  function of(courier) { return all().filter(function (press) { return press.courier === courier; }); }

  function add(courier, order, number, stage, code) {
    var known = of(courier).some(function (press) { return press.order === order && press.stage === stage; });
    if (known) return true;
    var press = { key: newKey(), courier: courier, order: order, number: number, stage: stage, code: code || "", at: Date.now() };
    var kept = save(QUEUE, all().concat([press]));
    tell();
    return kept;
  }

  function drop(keys) {
    save(QUEUE, all().filter(function (press) { return keys.indexOf(press.key) < 0; }));
  }

  // Resolves to {sent: answers} or {why: "offline" | "signed-out" | "refused"}; what was not answered is kept.
  function send(courier, address) {
    var presses = of(courier).slice(0, 50);
    if (!presses.length || sending) return Promise.resolve({ sent: [] });
    sending = true;
    var body = presses.map(function (press) {
      var ago = Math.min(Math.max(0, (Date.now() - press.at) / 1000), 7 * 86400);
      return { key: press.key, order: press.order, stage: press.stage, seconds_ago: ago, door_code: press.code };
    });
    return window.fetch(address, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": cookie("csrftoken") },
      body: JSON.stringify({ presses: body }),
    }).then(function (answer) {
      if (answer.status === 401) return { why: "signed-out" };
      if (answer.status >= 500) return { why: "offline" };
      if (!answer.ok) return { why: "refused" };
      return answer.json().then(function (told) {
        drop(told.presses.map(function (each) { return each.key; }));
        return { sent: told.presses };
      });
    }, function () { return { why: "offline" }; }).then(function (result) {
      sending = false;
      tell();
      return result;
    });
  }

  function clock(at) {
    return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  }
  function words(press) {
    return press.number + (press.stage === "picked_up" ? " picked up" : " delivered") + ", pressed at " + clock(press.at);
  }

  // Shows an order's card as it is with what waits: the next press, and what was pressed already.
  function dress(card, courier, status, away) {
    var own = of(courier).filter(function (press) { return press.order === card.dataset.job; });
    var last = own.length ? own[own.length - 1] : null;
    var stage = last ? last.stage : status;
    var next = stage === "delivered" ? "" : stage === "picked_up" ? "delivered" : "picked_up";
    card.querySelectorAll("form[data-press]").forEach(function (form) {
      var early = form.hasAttribute("data-if-away") && !away;
      form.hidden = form.dataset.press !== next || early;
    });
    var waits = card.querySelector("[data-waits]");
    if (waits) waits.hidden = away || last !== null;
    var note = card.querySelector("[data-unsent]");
    note.hidden = last === null;
    note.textContent = last === null ? "" :
      (last.stage === "picked_up" ? "Picked up" : "Delivered") + " at " + clock(last.at) +
      ": kept on this telephone, and sent when the connection is back." +
      (last.code ? " The code is checked then." : "");
  }

  // The list of what waits, as text.
  function list(element, courier) {
    var own = of(courier);
    element.hidden = !own.length;
    element.replaceChildren();
    if (!own.length) return;
    var box = document.createElement("section");
    box.className = "note note-warning unsent";
    box.setAttribute("role", "status");
    var title = document.createElement("p");
    title.textContent = own.length === 1 ? "One press waits for the connection:" : own.length + " presses wait for the connection:";
    var items = document.createElement("ul");
    own.forEach(function (press) {
      var item = document.createElement("li");
      item.textContent = words(press);
      items.append(item);
    });
    box.append(title, items);
    element.append(box);
  }

  window.forkroadQueue = {
    of: of, add: add, send: send, dress: dress, list: list, cookie: cookie,
    listen: function (listener) { listeners.push(listener); },
    keepJobs: function (courier, presses, jobs) { save(JOBS, { courier: courier, presses: presses, jobs: jobs }); },
    jobs: function () { return load(JOBS); },
    forgetJobs: function () { save(JOBS, null); },
  };
  window.addEventListener("storage", function (event) { if (event.key === QUEUE) tell(); });
})();
