/* A door's point on the map from where its form is filled in: only when pressed, and only if the browser allows it. */
(function () {
  "use strict";

  function fill(form, coords) {
    [["latitude", coords.latitude], ["longitude", coords.longitude]].forEach(function (pair) {
      var field = form.querySelector("[name=" + pair[0] + "]");
      field.value = pair[1].toFixed(5);
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    if (!("geolocation" in navigator) || !window.isSecureContext) return;
    document.querySelectorAll("[data-here]").forEach(function (room) {
      var button = room.querySelector("button");
      var word = room.querySelector("[role=status]");
      room.hidden = false;
      button.addEventListener("click", function () {
        word.textContent = "Your browser asks whether this page may know.";
        navigator.geolocation.getCurrentPosition(function (position) {
          fill(room.closest("form"), position.coords);
          word.textContent = "Taken, right within " + Math.ceil(position.coords.accuracy || 1) + " m.";
        }, function (error) {
          word.textContent = error.code === error.PERMISSION_DENIED
            ? "Your browser does not give your position to this page: type the point."
            : "Where you are could not be found out: type the point, or try again.";
        }, { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 });
      });
    });
  });
})();
