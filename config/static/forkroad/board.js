/* The dashboard: pieces of the page that the server renders and sends as they change. */
(function () {
  "use strict";

  var board = document.querySelector("[data-board]");
  if (!board || !window.EventSource) return;

  // What is sent while a button of the mouse is down is kept until it is up: the link under it must not vanish.
  var pending = {};
  var pressed = false;

  function tell(name) { document.dispatchEvent(new CustomEvent(name)); }

  function keyOf(element) {
    if (element.matches("summary")) return { selector: "#" + element.parentElement.id + " > summary" };
    if (element.matches("a[href]")) return { selector: 'a[href="' + element.getAttribute("href") + '"]' };
    var label = element.getAttribute("aria-label");
    return label ? { selector: '[aria-label="' + label + '"]' } : null;
  }

  // The pieces are the same for everybody; a form among them needs this page's own token.
  function arm(piece) {
    piece.querySelectorAll("form[method=post]").forEach(function (form) {
      var token = document.createElement("input");
      token.type = "hidden";
      token.name = "csrfmiddlewaretoken";
      token.value = board.dataset.token;
      form.append(token);
    });
  }
  // What each piece was, as the browser writes it.
  var was = {};
  board.querySelectorAll("[data-piece]").forEach(function (piece) { was[piece.dataset.piece] = piece.innerHTML; });
  arm(board);

  // A table that somebody has opened, scrolled or stands in stays open, scrolled and under their keys.
  function put(piece, html) {
    var written = document.createElement("template");
    written.innerHTML = html;
    // The first message holds every piece, and most are on the page already: a phone need not draw them again.
    if (was[piece.dataset.piece] === written.innerHTML) return;
    was[piece.dataset.piece] = written.innerHTML;
    var open = Array.from(piece.querySelectorAll("details[open][id]"), function (one) { return one.id; });
    var scrolled = Array.from(piece.querySelectorAll(".scroll"), function (one) { return [one.scrollLeft, one.scrollTop]; });
    var at = piece.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    piece.innerHTML = html;
    arm(piece);
    open.forEach(function (id) {
      var one = document.getElementById(id);
      if (one) one.open = true;
    });
    piece.querySelectorAll(".scroll").forEach(function (one, place) {
      if (scrolled[place]) { one.scrollLeft = scrolled[place][0]; one.scrollTop = scrolled[place][1]; }
    });
    var again = at && piece.querySelector(at.selector);
    if (again) again.focus({ preventScroll: true });
  }

  function show() {
    if (pressed) return;
    Object.keys(pending).forEach(function (name) {
      var piece = board.querySelector('[data-piece="' + name + '"]');
      if (piece) put(piece, pending[name]);
    });
    pending = {};
    board.dataset.painted = String(Number(board.dataset.painted || 0) + 1);
  }

  document.addEventListener("pointerdown", function () { pressed = true; }, true);
  ["pointerup", "pointercancel"].forEach(function (name) {
    // After the click that belongs to it.
    document.addEventListener(name, function () { window.setTimeout(function () { pressed = false; show(); }, 0); }, true);
  });

  // The browser comes back by itself, and the first message after that holds every piece: nothing is missed.
  var source = new EventSource(board.dataset.board);
  source.addEventListener("open", function () { tell("htmx:sseOpen"); });
  source.addEventListener("error", function () { tell("htmx:sseError"); });
  source.addEventListener("pieces", function (event) {
    Object.assign(pending, JSON.parse(event.data));
    show();
  });
  window.addEventListener("pagehide", function () { source.close(); });
  window.addEventListener("pageshow", function (event) { if (event.persisted) window.location.reload(); });
})();
