// Names the boxes of select2 by the labels of what they stand for, which it leaves out: readers' ears need them.
(function () {
  "use strict";
  function name(shown) {
    var select = document.getElementById(shown.id.replace(/^select2-|-container$/g, ""));
    var label = select && document.querySelector('label[for="' + select.id + '"]');
    if (!label) return;
    label.id = label.id || "label-of-" + select.id;
    shown.setAttribute("aria-labelledby", label.id);
    shown.closest(".select2-selection").setAttribute("aria-labelledby", label.id + " " + shown.id);
  }
  function nameAll() { document.querySelectorAll(".select2-selection__rendered:not([aria-labelledby])").forEach(name); }
  // They come whenever jQuery is ready, and with each row more of an inline form.
  new MutationObserver(nameAll).observe(document.documentElement, { childList: true, subtree: true });
  nameAll();
})();
